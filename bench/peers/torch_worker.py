"""Matrix products and training steps by PyTorch. With the argument "compiled", the
steps go through torch.compile, which PyTorch has since 2.0 and which needs a C++
compiler."""
import sys

import torch
from torch import nn

import common

COMPILED = sys.argv[1:] == ["compiled"]
if COMPILED and not hasattr(torch, "compile"):
    sys.exit(f"PyTorch {torch.__version__} has no torch.compile")
torch.set_num_threads(common.threads())


def product(m, n, k):
    a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


def network(name):
    match name:
        case "mnist-mlp":
            return nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
        case "mnist-cnn":
            return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
                                 nn.Linear(128, 10))
        case "fashion-mlp":
            return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        case "binary-mlp":
            return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(),
                                 nn.Dropout(0.5), nn.Linear(64, 1))
        case "mnist-wide-mlp":
            return nn.Sequential(nn.Linear(784, 784), nn.ReLU(), nn.Linear(784, 10))
        case "mnist-cnn-channels-first":
            return nn.Sequential(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2), nn.Flatten(),
                                 nn.Linear(4608, 128), nn.ReLU(), nn.Linear(128, 10))


def fresh_weights(model):
    """First weights as Keras draws them."""
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
        else:
            nn.init.zeros_(p)


def fastest(function):
    """The function as torch.compile makes it, or as it is."""
    return torch.compile(function) if COMPILED else function


def optimizer_of(kind, parameters):
    """The optimizer, in the fastest form that this version has for a CPU."""
    if kind == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=0.001, alpha=0.9)
    try:
        return torch.optim.Adam(parameters, eps=1e-7, fused=True)
    except (TypeError, RuntimeError):  # before 2.4 there is none
        return torch.optim.Adam(parameters, eps=1e-7)


def trainer(name):
    batch, _, _, labels, optimizer = common.NETWORKS[name]
    x, y = common.examples(name)
    data = common.fingerprint(name, x, y)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if name == "mnist-cnn":
        x = x.reshape(-1, 1, 28, 28)  # PyTorch has the channels first
    if labels == "sparse":
        y = y.long()
    loss = nn.BCEWithLogitsLoss() if labels == "binary" else nn.CrossEntropyLoss()
    right, total = torch.zeros(()), torch.zeros(())  # the means that the tutorials show
    now = {}
    model = network(name)
    update = optimizer_of(optimizer, model.parameters())

    def forward(x, y):
        out = model(x)
        return out, loss(out, y)

    forward = fastest(forward)
    # What is fused is one kernel already.
    change = update.step if update.defaults.get("fused") else fastest(update.step)

    def fresh():
        """The first weights, in place, so that nothing is compiled twice."""
        torch.manual_seed(1)
        fresh_weights(model)
        model.train()
        for state in update.state.values():
            for key, value in state.items():
                state[key] = value.zero_() if torch.is_tensor(value) else 0

    def epoch():
        now["steps"] = 0
        right.zero_()
        total.zero_()

    def step(index):
        index = torch.from_numpy(index)
        xb, yb = x[index], y[index]
        out, value = forward(xb, yb)
        update.zero_grad()
        value.backward()
        change()
        now["steps"] += 1
        with torch.no_grad():
            total.add_(value.detach())
            if labels == "binary":
                right.add_(((out > 0) == (yb > 0.5)).sum())
            else:
                right.add_((out.argmax(1) == (yb if labels == "sparse" else yb.argmax(1))).sum())

    return common.Loop(data, batch, fresh, epoch, step, lambda: float(total) / now["steps"])


common.serve("PyTorch " + torch.__version__ + (", torch.compile" if COMPILED else ""), None if COMPILED else product, trainer)
