"""Where each row of the lecture stands in the book, and what must be read there.

row -> page -> cell -> pieces of its output (or, in a text cell, of its text). L1 to L20 are the
lecture's examples in its order; L15a is the explanation that the book adds to L15.
"""

Row = dict[str, dict[str, list[str]]]

ROWS: dict[str, Row] = {
    "L1": {  # the three functionalities
        "numpy_bridge": {
            "l01-gradients": ["tensor(31.)"],
            "l01-gpu": ["1000.0"],
            "l01-nn": ["Linear(in_features=3, out_features=1, bias=True)", "[True, True]"],
        },
        "gpu": {"setup": []},
    },
    "L2": {  # the NumPy bridge
        "numpy_bridge": {
            "l02-torch-default": ["-5.0000, -3.8889, ", "5.0000]", "torch.float32"],
            "l02-numpy-default": ["-5.0000, -3.8889, ", "dtype=torch.float64", "torch.float64"],
            "l02-float": ["torch.float32"],
            "l02-back": ["-3.8888888", "-3.88888889"],
        },
    },
    "L3": {"numpy_bridge": {"l03-compute": ["tensor(5.) None", "tensor(80.)"]}},
    "L4": {  # y = c sin x + x + c
        "computation_graphs": {
            "l04-forward": [
                "tensor(5., requires_grad=True) None",
                "tensor(5.1232, grad_fn=<AddBackward0>)",
            ],
            "l04-graph": ["x", "c", "sin", "mul", "add"],
            "l04-saved": ["saved"],
        },
    },
    "L5": {
        "computation_graphs": {
            "l05-forward": ["tensor(5.1232, grad_fn=<AddBackward0>)"],
            "l05-graph": ["leaf", "c"],
        },
    },
    "L6": {
        "computation_graphs": {
            "l06-regression": ["grad_fn=<MeanBackward0>", "False True"],
            "l06-graph": ["theta", "X_train"],
        },
    },
    "L7": {
        "computation_graphs": {
            "l07-inputs": ["True True True"],
            "l07-graph": ["theta", "X_train"],
        },
    },
    "L8": {
        "backward": {
            "l08-step": ["0.8510", "1.8510"],
            "l08-backward": ["None", "tensor(1.8510)", "tensor(5.1232, grad_fn=<AddBackward0>)"],
            "l08-check": ["1.8510\n1.8510"],
        },
    },
    "L9": {
        "backward": {
            "l09-second": [
                "Trying to backward through the graph a second time",
                "Specify retain_graph=True",
            ],
            "l09-cure-again": ["tensor(1.8510)"],
            "l09-cure-retain": ["tensor(3.7020)"],
        },
    },
    "L10": {
        "accumulation": {
            "l10-accumulate": ["tensor(30.)", "tensor(60.)", "tensor(75., grad_fn=<MulBackward0>)"],
        },
    },
    "L11": {"accumulation": {"l11-zero": ["tensor(0.)", "tensor(30.)"]}},
    "L12": {
        "backward": {
            "l12-chain": [
                "tensor(11.4877",
                "Grad tensor([1.0000, 1.2000, 1.1600, 1.1200, 1.0941])",
            ],
            "l12-check": ["tensor([1.0000, 1.2000, 1.1600, 1.1200, 1.0941])"],
        },
    },
    "L13": {"descent": {"l13-minimum": ["f(-0.0505)", "f(0) = 0.0000"]}},
    "L14": {
        "descent": {"l14-picture": [], "l14-package": ["0.6838", "0.7395", ": True"]},
    },
    "L15": {
        "descent": {
            "l15-same-valley": [
                "step 0.05: rests at 0.6838, value 0.7395",
                "step 0.07: rests at 0.6838, value 0.7395",
                "step 0.15: rests at 0.6838, value 0.7395",
            ],
            "l15-other-start": ["-3.29", "3.90", "-1.5292, value 1.5503", "0.3236"],
        },
    },
    "L15a": {
        "descent": {
            "l15a-table": [
                *("-4.6991", "0.0268", "-3.1215", "0.0407", "-1.5292", "0.0877"),
                *("0.6838", "0.2905", "2.3292", "0.0553", "3.9110", "0.0323", "kink"),
            ],
            "l15a-check": [
                "step 0.05 rests at: -1.5292, 0.6838, 2.3292\n",
                "step 0.07 rests at: -1.5292, 0.6838\n",
                "step 0.15 rests at: 0.6838\n",
            ],
            "l15a-kink": [],
        },
    },
    "L16": {
        "nn_and_optim": {
            "l16-model": ["in_features=1000, out_features=100", "ReLU()", "out_features=10"],
            "l16-loop": ["99 ", "199 ", "299 ", "399 ", "499 ", "e-06"],
        },
    },
    "L17": {
        "jacobians": {
            "l17-jacobian": ["finite differences agree: True", "autograd agrees:"],
            "l17-vjp": ["x.grad:", "differences:"],
        },
    },
    "L18": {
        "jacobians": {
            "l18-check": ["J_z", "J_log", "J_y", "0.0500"],
            "l18-differences": ["0.0500, 0.1000, 0.1500, 0.2000"],
        },
    },
    "L19": {
        "jacobians": {
            "l19-gradients": [
                *("tensor(1.)", "tensor(0.0500)", "tensor(20.)"),
                "tensor([0.0000, 0.0500, 0.1000, 0.1500, 0.2000])",
            ],
        },
    },
    "L20": {  # what replaced the pages that the lecture points to
        "further_reading": {
            "": [
                "docs.pytorch.org/tutorials/beginner/basics/tensorqs_tutorial.html",
                "docs.pytorch.org/tutorials/beginner/pytorch_with_examples.html",
                "docs.pytorch.org/tutorials/beginner/basics/autogradqs_tutorial.html",
            ],
        },
    },
}
