import open_clip
import torch
from chatedit.editing.ir_se50 import IrSe50, Stage
from chatedit.editing.stylegan2 import Generator
from chatedit.eval.bench_step import Networks, StepComparison, Timing, compare, published_synthesis, report


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


def small_networks() -> Networks:
    torch.manual_seed(0)
    clip = open_clip.CLIP(
        embed_dim=8,
        vision_cfg={"image_size": 224, "layers": 1, "width": 64, "patch_size": 56, "head_width": 64},  # type: ignore[arg-type]
        text_cfg={"context_length": 8, "vocab_size": 50, "width": 8, "heads": 1, "layers": 1},  # type: ignore[arg-type]
    )
    identity = IrSe50(112, 8, (Stage(4, 1), Stage(4, 1), Stage(6, 1), Stage(6, 1)))
    networks = (Generator(32, style_dim=16, channels={4: 8, 8: 8, 16: 6, 32: 4}), clip, identity)
    for network in networks:
        network.eval().requires_grad_(False)
    return Networks(*networks, torch.tensor([[1, 2, 3, 49, 0, 0, 0, 0]]))


def test_both_loops_reach_the_same_losses_and_edits_together_are_timed():
    result = compare(small_networks(), threads=1, together=(1, 3), published_steps=2)
    assert len(result.losses) == 2
    for published, ours in result.losses:
        assert abs(published - ours) < 1e-3
    assert list(result.together) == [1, 3]
    lines = report(result).splitlines()
    assert "  3 together" in lines[-1]
    assert "s an edit" in lines[-1]
