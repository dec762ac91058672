"""The histograms of PyTorch's hooks, where PyTorch is installed."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.rivals.torch_hooks import BINS, Watch, histogram  # noqa: E402


def test_histograms_of_the_hooks_are_numpys():
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    counts, edges = np.histogram(values, BINS)
    dirty = torch.tensor(np.append(values, [np.nan, np.inf, -np.inf]).astype(np.float32))
    found = histogram(dirty)
    assert found is not None
    assert np.abs(np.cumsum(found["values"]) - np.cumsum(counts)).max() <= 1  # float32 edges
    np.testing.assert_allclose(found["bins"], edges, rtol=1e-4, atol=1e-5)
    assert histogram(torch.tensor([2.0, 2.0])) == {"values": [2.0], "bins": [2.0, 2.0]}
    assert histogram(torch.tensor([np.nan])) is None


def test_each_parameter_and_its_gradient_get_a_histogram_when_due(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    watch = Watch(model, tmp_path / "history.jsonl", every=2)
    for _ in range(3):
        loss = model(torch.randn(5, 3)).square().mean()
        loss.backward()
        watch.log(loss)
    watch.close()
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    names = [name for name, _ in model.named_parameters()]
    full = {f"{kind}/{name}" for kind in ("gradients", "parameters") for name in names}
    assert [set(row) - {"step", "loss"} for row in rows] == [full, set(), full]
