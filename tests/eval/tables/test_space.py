import lpips
import numpy as np
import pytest
import torch
from chatedit.dialogue.belief_state import values
from chatedit.editing.attribute_reader import load_reader_network
from chatedit.editing.image_file import to_tensor
from chatedit.editing.pack import load_pack
from chatedit.editing.portraits.edit_gates import random_state
from chatedit.editing.portraits.factors import sample_portrait, with_state
from chatedit.editing.portraits.renderer import render
from chatedit.eval.tables.space import frechet_distance, own_space
from PIL import Image


@pytest.fixture(scope="module")
def pack():
    return load_pack("portraits")


def test_the_frechet_distance_of_shifted_features_is_the_squared_shift():
    features = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.tensor([1.0, 2.0, 0.0], dtype=torch.float64)
    assert frechet_distance(features, features) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(features, features + shift) == pytest.approx(5.0)


def test_one_picture_has_no_frechet_distance():
    assert frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3)) is None


def test_our_own_networks_give_no_published_names(pack):
    space = own_space(pack)
    assert (space.fd_name, space.pd_name) == ("FD-portraits", "PD-portraits")


@pytest.mark.filterwarnings("ignore:.*(parameter 'pretrained'|Arguments other than a weight enum):UserWarning")
def test_the_perceptual_distance_is_that_of_lpips_without_its_weights(pack):
    """The package itself, with our reader in place of its network."""
    reader, space = load_reader_network(pack), own_space(pack)
    measure = lpips.LPIPS(lpips=False, pnet_rand=True, verbose=False, version="0.0")
    measure.L = 4

    class Net(torch.nn.Module):
        def forward(self, x):
            return reader.features(x)

    measure.net = Net()
    one, other = torch.rand(2, 3, 3, 128, 128, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        expected = measure(one, other).flatten()
    assert torch.allclose(space.distance(one, other), expected, rtol=1e-5)
    assert torch.equal(space.distance(one, one), torch.zeros(3))


def test_a_perfect_edit_hardly_moves_what_the_frechet_distance_sees(pack):
    """It is to tell what an edit broke: the same people with other attributes are nearer than other people."""
    rng, size = np.random.default_rng(4), pack.image_size
    people = [sample_portrait(rng) for _ in range(24)]
    asked = [with_state(person, values(random_state(rng, 3))) for person in people]

    def features(portraits):
        pictures = [to_tensor(Image.fromarray(render(portrait, size)), size) for portrait in portraits]
        return own_space(pack).features(torch.cat(pictures))

    originals = features(people)
    others = frechet_distance(originals[:12], originals[12:])
    perfect = frechet_distance(originals, features(asked))
    assert perfect is not None
    assert others is not None
    assert perfect < others / 3
