import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from lxmert_viz.errors import CheckpointError
from lxmert_viz.forms import check_words
from lxmert_viz.whole_files import write_text

MAX_SIZE = 2**31  # far beyond any network, and small enough to multiply two of
MAX_LAYERS = 1000
MAX_SIDE = 10_000  # pixels
RULES = ("per_class", "agnostic")
SIZES = (
    "vocab_size",
    "hidden_size",
    "num_attention_heads",
    "num_qa_labels",
    "num_object_labels",
    "num_attr_labels",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "visual_feat_dim",
    "visual_pos_dim",
)
DETECTOR_SIZES = (
    "stem_channels",
    "width",
    "res2_channels",
    "res5_dilation",
    "rpn_channels",
    "rpn_pre_nms",
    "rpn_post_nms",
    "pooler_resolution",
    "num_objects",
    "class_embedding_size",
    "attribute_hidden_size",
)


@dataclass
class LxmertConfig:
    """Sizes and tasks of one LXMERT; fields and defaults are those of the published checkpoints.

    Fields of a config.json that this class does not know are kept in `extra` and written back.
    """

    vocab_size: int = 30522
    hidden_size: int = 768
    num_attention_heads: int = 12
    num_qa_labels: int = 9500
    num_object_labels: int = 1600
    num_attr_labels: int = 400
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    l_layers: int = 9
    x_layers: int = 5
    r_layers: int = 5
    visual_feat_dim: int = 2048
    visual_pos_dim: int = 4
    visual_loss_normalizer: float = 6.67
    task_matched: bool = True
    task_mask_lm: bool = True
    task_obj_predict: bool = True
    task_qa: bool = True
    visual_obj_loss: bool = True
    visual_attr_loss: bool = True
    visual_feat_loss: bool = True
    output_attentions: bool = False
    output_hidden_states: bool = False
    return_dict: bool = True
    architectures: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    model_type = "lxmert"

    def __post_init__(self) -> None:
        check_words(self)
        for name in SIZES:
            _check_range(name, getattr(self, name), 1, MAX_SIZE)
        for name in ("l_layers", "x_layers", "r_layers"):
            _check_range(name, getattr(self, name), 0, MAX_LAYERS)
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of "
                f"num_attention_heads {self.num_attention_heads}"
            )

    @property
    def num_hidden_layers(self) -> dict[str, int]:
        return {"vision": self.r_layers, "cross_encoder": self.x_layers, "language": self.l_layers}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        known = {f.name for f in fields(cls)} - {"extra"}
        derived = {"model_type", "num_hidden_layers"}
        extra = {k: v for k, v in values.items() if k not in known | derived}
        values = {k: v for k, v in values.items() if (k, v) != ("architectures", None)}
        return cls(**{k: v for k, v in values.items() if k in known}, extra=extra)

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        extra = values.pop("extra")
        return {"model_type": self.model_type, **extra, **values}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a config.json. Raises CheckpointError when it is not the config of an LXMERT."""
        values = read_json(path)
        if not isinstance(values, dict):
            raise CheckpointError(f"{path} does not describe a model but is {values!r:.40}.")
        kind = values.get("model_type", cls.model_type)
        if kind != cls.model_type:
            raise CheckpointError(f"{path} describes a {kind!r} model; only LXMERT opens here.")
        try:
            return cls.from_dict(values)
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"{path} does not describe a usable LXMERT: {error}.") from error

    def to_file(self, path: Path) -> None:
        write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")


def _check_range(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}, not a whole number from {low} to {high}")


@dataclass(frozen=True)
class RegionProfile:
    """How a picture becomes regions: the size it is seen at, and the rule that picks them.

    rule "per_class": boxes are proposals, one NMS per class (as LXMERT's features were made);
    rule "agnostic": boxes are regressed, one NMS over all classes.
    """

    min_size: int
    max_size: int
    rule: str
    min_regions: int = 36
    max_regions: int = 36
    min_score: float = 0.2

    def __post_init__(self) -> None:
        check_words(self)
        if self.rule not in RULES:
            raise ValueError(f"rule is {self.rule!r}, not one of {', '.join(RULES)}")
        _check_range("min_size", self.min_size, 1, MAX_SIDE)
        _check_range("max_size", self.max_size, self.min_size, MAX_SIDE)
        for name in ("min_regions", "max_regions"):
            _check_range(name, getattr(self, name), 0, MAX_SIZE)


@dataclass
class DetectorConfig:
    """Sizes of one Faster R-CNN; the defaults are ResNet-101-C4, 1600 objects, 400 attributes."""

    stem_channels: int = 64
    width: int = 64  # channels inside the bottlenecks of res2; doubles with each stage
    res2_channels: int = 256  # channels out of res2; doubles with each stage
    blocks: tuple[int, int, int, int] = (3, 4, 23, 3)
    res5_dilation: int = 2
    rpn_channels: int = 512
    anchor_sizes: tuple[float, ...] = (64.0, 128.0, 256.0, 512.0)
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    rpn_pre_nms: int = 6000
    rpn_post_nms: int = 300
    rpn_nms: float = 0.7
    pooler_resolution: int = 14
    num_objects: int = 1600
    num_attributes: int = 400
    class_embedding_size: int = 256
    attribute_hidden_size: int = 512
    box_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    pixel_mean_bgr: tuple[float, float, float] = (102.9801, 115.9465, 122.7717)
    profiles: dict[str, RegionProfile] = field(
        default_factory=lambda: {
            "trained": RegionProfile(600, 1000, "per_class"),
            "demo": RegionProfile(800, 1333, "agnostic"),
        }
    )

    def __post_init__(self) -> None:
        check_words(self)
        for name in DETECTOR_SIZES:
            _check_range(name, getattr(self, name), 1, MAX_SIZE)
        _check_range("num_attributes", self.num_attributes, 0, MAX_SIZE)
        for blocks in self.blocks:
            _check_range("blocks", blocks, 1, MAX_LAYERS)
        for name in ("anchor_sizes", "anchor_ratios", "profiles"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        for name in ("anchor_sizes", "anchor_ratios", "box_weights"):
            if min(getattr(self, name)) <= 0:
                raise ValueError(f"{name} holds {min(getattr(self, name))}, and all are above 0")

    @property
    def feature_size(self) -> int:
        return self.res2_channels * 8

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Raises CheckpointError for a file that describes no detector."""
        values = read_json(path)
        try:
            profiles = {k: RegionProfile(**v) for k, v in values.pop("profiles").items()}
            told = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**told, profiles=profiles)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise CheckpointError(f"{path} is not a detector config: {error}.") from error

    def to_file(self, path: Path) -> None:
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file; CheckpointError names the file when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.") from error
