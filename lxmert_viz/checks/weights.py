"""Checks of the network's weights and of what it computes from given numbers."""

import numpy as np
import torch

from lxmert_viz.checks.findings import WRONG, Finding, judged, not_applicable
from lxmert_viz.checks.subject import Subject
from lxmert_viz.model.files.loading import Network, base_of

FINITE = "Weights are numbers"
TIED = "Tied decoder"
KNOWN_ANSWER = "Known answer"

# of lxmert-base, published with the reference: language_output[0, :3, :3] for these ids, and for
# features and boxes drawn from numpy's seed 0
IDS = (101, 345, 232, 328, 740, 140, 1695, 69, 6078, 1588, 102)
REGIONS = 10
STATES = ((0.2417, -0.9807, 0.1480), (1.2541, -0.8320, 0.5112), (1.4070, -1.1052, 0.6990))
TOLERANCE = 1e-3  # four decimals were published; another device rounds on its own


def check_finite(subject: Subject) -> Finding:
    """No weight of either network is NaN or infinite."""
    networks = {"LXMERT": subject.pipeline.network}
    if subject.pipeline.has_detector:
        networks["detector"] = subject.pipeline.detector
    odd = [
        f"{part}: {name}"
        for part, network in networks.items()
        for name, tensor in network.state_dict().items()
        if not bool(torch.isfinite(tensor).all())
    ]
    return judged(
        FINITE,
        not odd,
        f"every weight of {' and of the '.join(networks)} is finite",
        f"{len(odd)} tensors hold NaN or infinity (first: {next(iter(odd), '')}); "
        "every result will; fetch or save the checkpoint again",
    )


def check_tied_decoder(subject: Subject) -> Finding:
    """The masked-word decoder is the word embedding, as it was in training."""
    head = getattr(subject.pipeline.network, "cls", None)
    if head is None:
        return not_applicable(TIED, "this checkpoint has no output head for masked words")
    words = base_of(subject.pipeline.network).embeddings.word_embeddings.weight
    apart = (head.predictions.decoder.weight - words).detach().abs().amax(1)
    rows = int((apart > 0).sum())
    return judged(
        TIED,
        rows == 0,
        f"word embedding and decoder are equal in all {len(words)} rows",
        f"{rows} of {len(words)} rows differ, by up to {float(apart.max()):.3g}: one of the two "
        "was trained or converted alone, and other tools would silently use either",
    )


def check_known_answer(subject: Subject) -> Finding:
    """The states that were published for lxmert-base."""
    if subject.known != "lxmert-base":
        return not_applicable(KNOWN_ANSWER, "published for lxmert-base only")
    pieces = base_of(subject.pipeline.network).config.vocab_size
    if pieces <= max(IDS):
        return Finding(KNOWN_ANSWER, WRONG, f"it has {pieces} word pieces: this is no lxmert-base")
    apart = float(np.abs(known_states(subject.pipeline.network) - np.array(STATES)).max())
    return judged(
        KNOWN_ANSWER,
        apart <= TOLERANCE,
        f"the published states are met to {apart:.1e}",
        f"states are {apart:.3g} off the published ones: weights or network are not the "
        "published ones",
    )


@torch.inference_mode()
def known_states(network: Network) -> np.ndarray:
    """language_output[0, :3, :3] for the published input: (3, 3)."""
    base = base_of(network)
    device = next(base.parameters()).device

    def drawn(size: int) -> torch.Tensor:
        numbers = np.random.RandomState(0).rand(1, REGIONS, size)
        return torch.from_numpy(numbers.astype(np.float32)).to(device)

    output = base(
        input_ids=torch.tensor([IDS], device=device),
        visual_feats=drawn(base.config.visual_feat_dim),
        visual_pos=drawn(base.config.visual_pos_dim),
        return_dict=True,
    )
    return output.language_output[0, :3, :3].float().cpu().numpy()
