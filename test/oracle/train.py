"""An independent implementation of some methods in PyTorch and torchvision, to compare loss curves and AUROC with.

Run by hand, not by the test suite. Written from the publications and docs/methods.md, with torchvision's own transforms;
random numbers differ from ours, so results agree within the noise of seeds, not in digits. The network, batch, optimizer and
schedule are those of `--preset tiny` (ResNet-10 of width 8 on 32 px; Adam).

    python3 test/oracle/train.py --cifar DIR --outliers DIR --normal airplane --method csi --epochs 10 --seed 0
    node dist/train.js train --dataset cifar10 --data DIR --oe folder:DIR --normal airplane --method csi --preset tiny --epochs 10
"""
import argparse
import glob
import math
import random

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torchvision import transforms as T

CLASSES = 'airplane automobile bird cat deer dog frog horse ship truck'.split()
WIDTH, FEATURES, TAU, VIEWS = 8, 128, 0.5, 8
MEAN, STD = [v / 255 for v in (125.3, 123.0, 113.9)], [v / 255 for v in (63.0, 62.1, 66.7)]


def records(pattern):
    """Images and labels of CIFAR-10's binary files."""
    rows = numpy.concatenate([numpy.fromfile(f, numpy.uint8).reshape(-1, 3073) for f in sorted(glob.glob(pattern))])
    return [Image.fromarray(r[1:].reshape(3, 32, 32).transpose(1, 2, 0)) for r in rows], rows[:, 0]


class Block(nn.Module):
    def __init__(self, cin, cout, stride, free):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout, affine=not free), nn.ReLU(),
            nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout, affine=not free))
        self.side = nn.Identity() if stride == 1 and cin == cout else nn.Sequential(
            nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout, affine=not free))

    def forward(self, x):
        return F.relu(self.main(x) + self.side(x))


class Net(nn.Module):
    """-> the backbone's output, f, and the outputs of the linear heads."""

    def __init__(self, heads=(), free=False):
        super().__init__()
        w = WIDTH
        self.stem = nn.Sequential(nn.Conv2d(3, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w, affine=not free), nn.ReLU())
        self.stages = nn.Sequential(Block(w, w, 1, free), Block(w, 2 * w, 2, free), Block(2 * w, 4 * w, 2, free), Block(4 * w, 8 * w, 2, free))
        self.head = nn.Sequential(nn.Linear(8 * w, 8 * w, bias=not free), nn.BatchNorm1d(8 * w, affine=not free), nn.ReLU(),
                                  nn.Linear(8 * w, FEATURES, bias=not free))
        self.heads = nn.ModuleList(nn.Linear(8 * w, c) for c in heads)

    def forward(self, x):
        h = self.stages(self.stem(x)).mean((2, 3))
        return h, self.head(h), [head(h) for head in self.heads]


def nt_xent(f, tau=TAU):
    """Rows i and i + n/2 are partners."""
    z = F.normalize(f, dim=1)
    s = z @ z.T / tau
    s.fill_diagonal_(-math.inf)
    n = len(f)
    return F.cross_entropy(s, (torch.arange(n) + n // 2) % n)


turned = lambda x, k: torch.rot90(x, k, (2, 3))


def moved(x, dy, dx):
    x = F.pad(x, (8, 8, 8, 8), 'reflect')
    return x[:, :, 8 - dy:40 - dy, 8 - dx:40 - dx]


GT = [(k, dx, dy) for k in range(4) for dx in (0, -8, 8) for dy in (0, -8, 8)]
BATCH = {'csi': 8, 'gt': 4}
HEADS = {'csi': [4], 'gt': [4, 3, 3], 'bce': [1]}
USES_OUTLIERS = {'oecl', 'hsc', 'dsad', 'bce'}


def loss_of(method, net, normal, outliers, center):
    """normal, outliers: functions that return a batch of new views."""
    if method in ('simclr', 'oecl'):
        views = [normal(), normal()] + ([outliers(), outliers()] if method == 'oecl' else [])
        n = 2 * len(views[0])
        f = net(torch.cat(views))[1]
        return nt_xent(f[:n]) + (f[n:].norm(dim=1).mean() if method == 'oecl' else 0)
    if method == 'csi':
        views = [normal(), normal()]
        x = torch.cat([turned(v, k) for v in views for k in range(4)])
        _, f, (logits,) = net(x)
        labels = torch.arange(4).repeat_interleave(len(views[0])).repeat(2)
        return nt_xent(f) + F.cross_entropy(logits, labels)
    if method == 'gt':
        v = normal()
        _, _, logits = net(torch.cat([turned(moved(v, dy, dx), k) for k, dx, dy in GT]))
        true = [torch.tensor([(0, -8, 8).index(t[i]) if i else t[0] for t in GT]).repeat_interleave(len(v)) for i in range(3)]
        return sum(F.cross_entropy(a, t) for a, t in zip(logits, true)) / 3
    if method == 'dsvdd':
        return ((net(normal())[1] - center) ** 2).sum(1).mean()
    x = torch.cat([normal(), outliers()])
    y = torch.arange(2).repeat_interleave(len(x) // 2).bool()
    _, f, logits = net(x)
    q = (f ** 2).sum(1)
    if method == 'dsad':
        return torch.where(y, 1 / (q.clamp(min=1e-6) + 1e-9), q).mean()
    if method == 'hsc':
        h = torch.sqrt(q + 1) - 1
        return torch.where(y, -torch.log(1 - torch.exp(-h) + 1e-9), h).mean()
    return F.binary_cross_entropy_with_logits(logits[0][:, 0], y.float())


def scores_of(method, net, train, test, plain, augmented, center):
    """The main score of each test image: higher = more normal."""
    batches = lambda images, t, g=lambda x: x: [net(g(torch.stack([t(i) for i in part]))) for part in
                                                (images[a:a + 250] for a in range(0, len(images), 250))]
    features = lambda images, t, g=lambda x: x: torch.cat([b[1] for b in batches(images, t, g)])
    if method in ('simclr', 'oecl'):
        views = [features(test, plain)] + [features(test, augmented) for _ in range(VIEWS)]
        return torch.stack([v.norm(dim=1) for v in views]).mean(0)
    if method == 'csi':
        crop = T.Compose([T.RandomResizedCrop(32, scale=(0.54, 0.54)), *augmented.transforms[1:]])
        total = 0
        for k in range(4):
            own = []
            for images in (train, test):
                seen = [batches(images, t, lambda x: turned(x, k)) for t in [plain] + [crop] * VIEWS]
                own.append((torch.stack([torch.cat([b[1] for b in view]) for view in seen]).mean(0),
                            torch.stack([torch.cat([b[2][0][:, k] for b in view]) for view in seen]).mean(0)))
            (fm, lm), (f, l) = own
            cosines = (f @ F.normalize(fm, dim=1).T).max(1).values
            total = total + cosines / fm.norm(dim=1).mean() + l / lm.mean()
        return total / 4
    if method == 'gt':
        total = 0
        for k, dx, dy in GT:
            out = batches(test, plain, lambda x: turned(moved(x, dy, dx), k))
            for head, true in enumerate((k, (0, -8, 8).index(dx), (0, -8, 8).index(dy))):
                total = total + torch.cat([b[2][head].softmax(1)[:, true] for b in out])
        return total
    if method == 'bce':
        return -torch.cat([b[2][0][:, 0] for b in batches(test, plain)])
    return -((features(test, plain) - center) ** 2).sum(1)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('cifar', 'outliers', 'method'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--normal', default='airplane')
    p.add_argument('--epochs', type=int, default=10)
    p.add_argument('--seed', type=int, default=0)
    o = p.parse_args()
    torch.manual_seed(o.seed), random.seed(o.seed)
    images, labels = records(o.cifar + '/data_batch_*.bin')
    train = [i for i, l in zip(images, labels) if CLASSES[l] == o.normal]
    test, labels = records(o.cifar + '/test_batch.bin')
    outliers = []
    if o.method in USES_OUTLIERS:
        files = sorted(glob.glob(o.outliers + '/**/*.JPEG', recursive=True))
        outliers = [T.Resize(37)(Image.open(f).convert('RGB')) for f in files]
    tail = [T.ToTensor(), T.Normalize(MEAN, STD)]
    augmented = T.Compose([T.RandomResizedCrop(32), T.RandomHorizontalFlip(), T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
                           T.RandomGrayscale(0.2), *tail])
    plain = T.Compose([T.CenterCrop(32), *tail])
    net = Net(HEADS.get(o.method, ()), free=o.method == 'dsvdd')
    center = torch.zeros(FEATURES)
    if o.method == 'dsvdd':
        net.eval()
        with torch.no_grad():
            center = torch.cat([net(torch.stack([plain(i) for i in train]))[1]]).mean(0)
        center = torch.where(center.abs() < 0.1, torch.where(center < 0, -0.1, 0.1), center)
    batch = BATCH.get(o.method, 16)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, o.epochs)
    queue = []
    for epoch in range(o.epochs):
        net.train()
        order, losses = torch.randperm(len(train)).tolist(), []
        for at in range(0, len(order) - batch + 1, batch):
            if outliers and len(queue) < batch:
                queue += random.sample(range(len(outliers)), len(outliers))
            drawn, queue = queue[:batch], queue[batch:]
            loss = loss_of(o.method, net, lambda: torch.stack([augmented(train[i]) for i in order[at:at + batch]]),
                           lambda: torch.stack([augmented(outliers[i]) for i in drawn]), center)
            optimizer.zero_grad(), loss.backward(), optimizer.step()
            losses.append(loss.item())
        schedule.step()
        print(f'epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}', flush=True)
    net.eval()
    with torch.no_grad():
        scores = scores_of(o.method, net, train, test, plain, augmented, center)
    is_normal = torch.tensor([CLASSES[l] == o.normal for l in labels])
    inside, outside = scores[is_normal], scores[~is_normal]
    wins = (inside[:, None] > outside[None]).float() + (inside[:, None] == outside[None]).float() / 2
    print(f'{o.method} {o.normal} seed {o.seed}: AUROC {wins.mean():.4f}')


main()
