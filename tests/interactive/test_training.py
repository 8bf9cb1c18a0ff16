"""The figure of a training: the numbers that it was given, its words, and bad input."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import torch
from descents import unpack

from lecture_pkg import Figure, watch_training

AT = [-1.0, 0.0, 1.5]
FITS = torch.tensor([[0.0, 0.25, 0.5], [1.0, -0.5, 0.125], [1.0, -1.0, 0.25], [0.5, -1.0, 0.75]])
POINTS = {
    "training": (torch.tensor([[-0.5], [0.5]]), torch.tensor([[0.2], [-0.4]])),
    "<held> out": ([0.0], [1.0]),
}
LOSSES = {"training": [1.0, 0.5, 0.25, 3e-6], "<held> out": [2.0, 0.5, 0.75, 1.0]}


def figure(**changes: Any) -> Figure:
    arguments = {"points": POINTS, "losses": LOSSES, "epochs": [1, 2, 10, 100]}
    return watch_training(AT, FITS, **(arguments | changes))


def test_the_page_gets_the_numbers_that_were_given() -> None:
    data = json.loads(json.dumps(figure().data))
    fits = [unpack(row, data["decimals"]) for row in data["fits"]]
    assert np.allclose(fits, FITS, atol=1e-4)
    assert np.allclose(unpack(data["at"], 4), AT)
    for i, name in enumerate(POINTS):
        xs, ys = (unpack(row, 4) for row in data["points"][i])
        wanted = [np.asarray(row, dtype=float).ravel() for row in POINTS[name]]
        assert np.allclose(xs, wanted[0]) and np.allclose(ys, wanted[1])
        losses = 10.0 ** np.array(unpack(data["losses"][i], 5))
        assert np.allclose(losses, LOSSES[name], rtol=1e-4)
    assert data["lowest"] == [3, 1] and data["epochs"] == [1, 2, 10, 100]


def test_it_says_where_each_loss_was_lowest() -> None:
    assert repr(figure()) == (
        "4 epochs of training. After epoch 100: training loss 3.0e−6, <held> out loss 1.0000 "
        "(lowest: 0.5000 after epoch 2)."
    )


def test_names_are_text_and_the_still_is_well_formed() -> None:
    html = figure()._repr_html_()
    assert "<held>" not in html and "&lt;held&gt; out loss" in html
    address = re.search(r'src="data:image/svg\+xml,([^"]+)"', html)
    assert address
    texts = [element.text for element in ET.fromstring(unquote(address[1])).iter()]
    assert {"training", "<held> out", "loss", "epoch"} <= set(texts)


def test_the_same_bytes_each_time() -> None:
    assert figure()._repr_html_() == figure()._repr_html_()


def test_epochs_count_from_one() -> None:
    assert figure(epochs=None).data["epochs"] == [1, 2, 3, 4]


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "at falls": ({"at": [0, -1, 1]}, ValueError, "at must be rising"),
    "at alone": ({"at": [0.0], "fits": [[1.0]]}, ValueError, "at must be at least two numbers"),
    "fits too short": ({"at": [0.0, 1.0]}, ValueError, r"fits must be rows of 2 numbers"),
    "fits flat": ({"fits": [1.0, 2.0]}, ValueError, "fits must be finite numbers in 2 dim"),
    "fits text": ({"fits": "ab"}, (TypeError, ValueError), "fits must be"),
    "fits nan": ({"fits": FITS * float("nan")}, ValueError, "fits must be finite"),
    "points a list": ({"points": [1]}, TypeError, "points must be a dict"),
    "points without": ({"points": {}, "losses": {}}, ValueError, "losses must be one to 3"),
    "other names": ({"losses": {"a": [1] * 4}}, ValueError, "named as points are"),
    "no pair": (
        {"points": POINTS | {"training": [1]}},
        TypeError,
        r"points\['training'\] must be a",
    ),
    "uneven": (
        {"points": POINTS | {"training": ([1.0], [1.0, 2.0])}},
        ValueError,
        "as many inputs as targets",
    ),
    "losses short": ({"losses": LOSSES | {"training": [1.0]}}, ValueError, "4 positive numbers"),
    "loss zero": ({"losses": LOSSES | {"training": [1, 1, 1, 0]}}, ValueError, "4 positive"),
    "epochs short": ({"epochs": [1, 2]}, ValueError, "epochs must be 4 whole numbers"),
    "epochs broken": ({"epochs": [1, 2, 3, 4.5]}, ValueError, "epochs must be 4 whole numbers"),
    "too much": (
        {
            "at": range(400),
            "fits": torch.randn(300, 400, generator=torch.Generator().manual_seed(0)),
            "losses": {name: [1.0] * 300 for name in POINTS},
            "epochs": None,
        },
        ValueError,
        "Keep fewer epochs, or fewer places",
    ),
}


@pytest.mark.parametrize(("changes", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {"at": AT, "fits": FITS, "points": POINTS, "losses": LOSSES, "epochs": [1, 2, 3, 4]}
    arguments |= changes
    with pytest.raises(error, match=message):
        watch_training(arguments.pop("at"), arguments.pop("fits"), **arguments)
