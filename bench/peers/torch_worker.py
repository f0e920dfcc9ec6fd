"""Matrix products and training steps by PyTorch."""
import torch
from torch import nn

import common

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

    def fresh():
        torch.manual_seed(1)
        model = network(name)
        fresh_weights(model)
        model.train()
        now["model"] = model
        now["update"] = torch.optim.Adam(model.parameters(), eps=1e-7) if optimizer == "adam" else \
            torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9)

    def epoch():
        now["steps"] = 0
        right.zero_()
        total.zero_()

    def step(index):
        index = torch.from_numpy(index)
        xb, yb = x[index], y[index]
        out = now["model"](xb)
        value = loss(out, yb)
        now["update"].zero_grad()
        value.backward()
        now["update"].step()
        now["steps"] += 1
        with torch.no_grad():
            total.add_(value)
            if labels == "binary":
                right.add_(((out > 0) == (yb > 0.5)).sum())
            else:
                right.add_((out.argmax(1) == (yb if labels == "sparse" else yb.argmax(1))).sum())

    return common.Loop(data, batch, fresh, epoch, step, lambda: float(total) / now["steps"])


common.serve("PyTorch " + torch.__version__, product, trainer)
