"""The pages' claims about PyTorch hold, on this torch; each claim names a page that there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from claims import CLAIMS, Claim

BOOK = Path(__file__).parents[2] / "book"


# torch's own forward mode still loads its rules by way of torch.jit.script
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("claim", CLAIMS, ids=[f"{page}: {words}" for page, words, _ in CLAIMS])
def test_a_claim_holds(claim: Claim) -> None:
    page, words, proof = claim
    assert proof(), words
    assert [
        path for path in BOOK.iterdir() if path.stem.partition("_")[2] == page or path.stem == page
    ]
