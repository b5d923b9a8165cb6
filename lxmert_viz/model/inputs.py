"""Rows of regions and words -> what a network takes, and what it makes of them.

Nobody else builds a network's inputs.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.box_frames import check_finite
from lxmert_viz.errors import MemoryShortError
from lxmert_viz.model.devices import computing_on
from lxmert_viz.model.fast import fast
from lxmert_viz.model.interventions import Intervention, stacked
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import LxmertModelOutput, Stream
from lxmert_viz.model.packed import PACKED_FROM
from lxmert_viz.model.streams import Streams, of_regions, of_words
from lxmert_viz.records import Regions, Tokens

BATCH = (
    16  # rows that go through a network at once; what is collected of a full-size row has 3.7 MB
)
Row = tuple[Regions, Tokens]
Found = TypeVar("Found")


class Inputs:
    """Inputs of one network, on its device. Many threads may ask at once."""

    def __init__(self, network: LxmertModel, device: torch.device) -> None:
        self._network, self._device = network, device
        self._texts = Streams(self._read, of_words, lambda tokens: len(tokens.ids))
        self._pictures = Streams(self._seen, of_regions, len)

    def lay_out(self) -> None:
        """From now on a large network runs on weights that are laid out for this processor.

        It answers sooner, to 1e-5 the same, and takes the memory of its weights once more.
        """
        if sum(p.numel() for p in self._network.encoder.parameters()) >= PACKED_FROM:
            self._network = fast(self._network)

    def in_bfloat16(self) -> "Inputs":
        """Of the same network, whose layers multiply in bfloat16."""
        return Inputs(fast(self._network, torch.bfloat16), self._device)

    def of(
        self,
        rows: Sequence[Row],
        *,
        collect: bool,
        intervention: Intervention | None = None,
        encoded: bool = False,
    ) -> dict[str, Tensor | Stream | Intervention]:
        """The arguments of `forward`, by name: rows padded to the longest, padding hidden.

        Regions come encoded, and those of the last pictures were encoded before: `vision`, with
        maps and states where `collect`. Where gradients are enabled they come as they are, so
        that gradients reach them: visual_feats, visual_pos and visual_attention_mask; so they do
        where the intervention touches their encoder. encoded: for the base, whose `forward` takes
        the words of a row alone encoded too: `lang`. Raises ValueError for features of another size
        than the network takes.
        """
        seen, texts = [regions for regions, _ in rows], [tokens for _, tokens in rows]
        # in a batch they would be padded by what else is new in it, and so move by a bit
        if encoded and len(rows) == 1 and not (intervention and intervention.touches("lang")):
            given = {"lang": self._texts.of(texts, collect=collect)}
        else:
            given = self.of_words(texts)
        if intervention is not None:
            given["intervention"] = intervention.to(self._device)
        if torch.is_grad_enabled() or (intervention and intervention.touches("vision")):
            return given | self.of_regions(seen)
        return given | {"vision": self._pictures.of(seen, collect=collect)}

    @torch.inference_mode()
    def run(
        self,
        rows: Sequence[Row],
        intervention: Intervention | None = None,
        *,
        collect: bool = False,
    ) -> LxmertModelOutput:
        """What the network makes of the rows. Raises RegionError for numbers that are none,
        MemoryShortError and DeviceError."""
        with computing_on(str(self._device)):
            output = self._network(
                **self.of(rows, collect=collect, intervention=intervention, encoded=True),
                output_attentions=collect,
                output_hidden_states=collect,
                return_dict=True,
            )
            pooled = output.pooled_output.float().cpu().numpy()
        check_finite(pooled, "the network's states of these regions")
        return output

    def of_words(self, rows: Sequence[Tokens]) -> dict[str, Tensor]:
        """The arguments of `encode_language`, each (B, T); no mask where nothing is padded."""
        both = np.zeros((2, len(rows), max(len(tokens.ids) for tokens in rows)), np.int64)
        for place, tokens in enumerate(rows):
            both[:, place, : len(tokens.ids)] = tokens.ids, tokens.type_ids
        ids, types = torch.from_numpy(both).to(self._device)  # a copy, for which a GPU waits
        given = {"input_ids": ids, "token_type_ids": types}
        mask = self._mask([len(tokens.ids) for tokens in rows])
        return given if mask is None else given | {"attention_mask": mask}

    def _read(self, texts: Sequence[Tokens], collect: bool) -> Stream:
        return self._network.encode_language(**self.of_words(texts), collect=collect)

    def _seen(self, seen: Sequence[Regions], collect: bool) -> Stream:
        return self._network.encode_vision(**self.of_regions(seen), collect=collect)

    def of_regions(self, seen: Sequence[Regions]) -> dict[str, Tensor]:
        """The arguments of `encode_vision`: (B, R, F), (B, R, 4) and (B, R), if any is padded.

        Raises ValueError for features of another size than the network takes.
        """
        size = self._network.config.visual_feat_dim
        for regions in seen:
            if regions.feats.shape[1] != size:
                raise ValueError(
                    f"regions have {regions.feats.shape[1]} features, the network takes {size}"
                )
        return {
            "visual_feats": self._padded([regions.feats for regions in seen], np.float32),
            "visual_pos": self._padded([regions.boxes_unit for regions in seen], np.float32),
            "visual_attention_mask": self._mask([len(regions) for regions in seen]),
        }

    def _mask(self, counts: Sequence[int]) -> Tensor | None:
        """(B, N): 1 for each row's own, 0 for padding; None where there is none."""
        if min(counts) == max(counts):
            return None
        return self._padded([np.ones(count) for count in counts], np.float32)

    def _padded(self, rows: Sequence[np.ndarray], kind: type) -> Tensor:
        """Rows (N_i, ...) as one tensor (B, max N, ...), zeros at the end of short ones."""
        joint = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), kind)
        for place, row in enumerate(rows):
            joint[place, : len(row)] = row
        return torch.from_numpy(joint).to(self._device)


def checked(regions: Regions) -> Regions:
    if not isinstance(regions, Regions):
        raise ValueError(f"regions come from look, not from {type(regions).__name__}")
    return regions.checked()


def in_batches(
    rows: Sequence[Row],
    work: Callable[[list[Row], Intervention | None], Sequence[Found]],
    interventions: Sequence[Intervention | None] | None = None,
) -> list[Found]:
    """What `work` finds for each row, in the order of rows; it gets at most BATCH at once.

    Pictures without regions go together: attention over padding alone would be uniform. So do rows
    of the same sizes of which the same kinds of things are asked. Where memory gives out, halves
    are tried; raises MemoryShortError where it does so for a row alone.
    """
    asked = interventions or [None] * len(rows)
    kinds: dict[tuple, list[int]] = {}
    for place, ((regions, tokens), own) in enumerate(zip(rows, asked, strict=True)):
        form = own and (len(tokens.ids), len(regions), own.form)
        kinds.setdefault((len(regions) > 0, form), []).append(place)
    found: dict[int, Found] = {}
    for (_, form), places in kinds.items():
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            changes = [asked[place] for place in batch] if form else []
            made = _halving([rows[place] for place in batch], changes, form, work)
            found |= zip(batch, made, strict=True)
    return [found[place] for place in range(len(rows))]


def _halving(
    rows: list[Row],
    asked: list[Intervention],
    form: tuple | None,
    work: Callable[[list[Row], Intervention | None], Sequence[Found]],
) -> list[Found]:
    try:
        return list(work(rows, form and stacked(asked, *form[:2])))
    except MemoryShortError:
        if len(rows) == 1:
            raise
    middle = len(rows) // 2  # what was computed so far is gone with the error
    first = _halving(rows[:middle], asked[:middle], form, work)
    return first + _halving(rows[middle:], asked[middle:], form, work)
