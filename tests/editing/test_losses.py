import torch
from chatedit.editing import losses


def test_clip_loss_is_the_mean_cosine_distance_of_the_prompts():
    assert torch.allclose(losses.clip_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]])), torch.tensor([0.5]))


def test_l2_is_the_sum_of_squares_without_a_root():
    assert losses.l2_loss(torch.tensor([[[3.0, 4.0], [0.0, 1.0]]])).tolist() == [26.0]


def test_identity_loss_is_zero_for_the_same_face_and_two_for_the_opposite():
    features = torch.tensor([[0.6, 0.8], [0.6, 0.8]])
    result = losses.identity_loss(features, features * torch.tensor([[1.0], [-1.0]]))
    assert torch.allclose(result, torch.tensor([0.0, 2.0]), atol=1e-6)


def test_presence_stops_pulling_at_a_value_that_is_there():
    similarities = torch.tensor([[0.9, 0.1]], requires_grad=True)
    losses.presence_loss(similarities, torch.tensor([[0.5, 0.5]]), scale=20.0, bias=-10.0).sum().backward()
    assert similarities.grad is not None
    assert similarities.grad[0, 0].abs() < 1e-2
    assert similarities.grad[0, 1] < -9.9


def test_prior_is_zero_inside_and_quadratic_outside():
    limits = torch.full((1, 1, 3), 2.0)
    assert losses.prior_loss(torch.tensor([[[-1.9, 0.0, 2.0]]]), limits).item() == 0.0
    assert losses.prior_loss(torch.tensor([[[-3.0, 0.0, 4.0]]]), limits).item() == 5.0


def test_keep_ignores_what_was_requested():
    similarities, source = torch.tensor([[0.9, 0.3]]), torch.tensor([[0.1, 0.1]])
    result = losses.keep_loss(similarities, source, torch.tensor([[0.0, 1.0]]))
    assert torch.allclose(result, torch.tensor([0.04]))


def test_background_ignores_the_face():
    source, outside = torch.zeros(1, 3, 2, 2), torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    image = torch.tensor([[1.0, 0.0], [5.0, 5.0]]).expand(1, 3, 2, 2)
    assert losses.background_loss(image, source, outside).item() == 0.5


def test_similarities_do_not_depend_on_the_length_of_image_features():
    texts = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    assert torch.allclose(losses.similarities_to(torch.tensor([[3.0, 4.0]]), texts), torch.tensor([[0.6, 0.8]]))
