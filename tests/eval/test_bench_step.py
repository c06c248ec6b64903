import torch
from chatedit.editing.stylegan2 import Generator
from chatedit.eval.bench_step import StepComparison, Timing, published_synthesis, report


def test_the_published_form_gives_the_images_of_the_generator():
    torch.manual_seed(1)
    generator = Generator(32, style_dim=10, channels={4: 9, 8: 8, 16: 7, 32: 6}).double().requires_grad_(False)
    for parameter in generator.parameters():
        if parameter.dim() == 1:
            parameter += 0.3 * torch.randn_like(parameter)
    w_plus = torch.randn(2, generator.num_ws, 10, dtype=torch.float64)
    assert torch.allclose(published_synthesis(generator, w_plus), generator(w_plus), atol=1e-10)


def test_the_report_prints_losses_and_both_ratios():
    parts = {"generator forward": Timing(0.5, 0.9)}
    text = report(StepComparison(64, 2, [(0.5, 0.5)], Timing(4.0, 8.0), Timing(1.0, 1.0), parts, 300.0, 150.0))
    assert "loss 0.500000 published, 0.500000 ours" in text
    assert "ratio 4.00 (wall), 8.00 (CPU time)" in text
    assert "generator forward" in text
    assert "limit 2.00 s: 300 GFLOP at 150 GFLOP/s" in text
