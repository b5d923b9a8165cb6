"""The published checkpoints and the shipped one: where each file is, and how large."""

from dataclasses import dataclass

from lxmert_viz.checkpoints.download import RemoteFile
from lxmert_viz.checkpoints.hub import HUB

SHIPPED = "miniature"
_AIRSPLAY = "https://raw.githubusercontent.com/airsplay"
_ANSWERS = f"{_AIRSPLAY}/lxmert/master/data"
_DETECTOR = f"{_AIRSPLAY}/py-bottom-up-attention/master/demo/data"
_REGION_NAMES = f"{_DETECTOR}/genome/1600-400-20"
_DETECTOR_WEIGHTS = "unc-nlp/frcnn-vg-finetuned"
_DETECTOR_HOSTS = (
    f"https://s3.amazonaws.com/models.huggingface.co/bert/{_DETECTOR_WEIGHTS}",
    f"https://huggingface.co/spaces/WwYc/explain-LXMERT/resolve/main/lxmert/{_DETECTOR_WEIGHTS}",
)
_BOTTOM_UP = (
    "https://raw.githubusercontent.com/peteanderson80/bottom-up-attention/master/data/genome"
)
_VLTK = "https://raw.githubusercontent.com/eltoto1219/vltk/cd9dadee38ef481c704a09a7238f9cccef16b321"
VOCABULARY_REPOSITORY = "unc-nlp/lxmert-base-uncased"  # every published LXMERT reads with this one
ANSWER_LISTS = {  # by how many answers the head tells apart; on no hub
    9500: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/lxmert/all_ans.json",),
        986_576,
        "sha256:b860c6cd7b8fe3afa1e5308933664c37bc8728eff967e9845543169a06d012b8",
        needed=False,
    ),
    3129: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/vqa/trainval_label2ans.json",),
        46_668,
        "sha256:e72e568a6303130f5a627db06360605ee3b306366ff463aa5153d782adc12a7d",
        needed=False,
    ),
    1842: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/gqa/trainval_label2ans.json",),
        20_586,
        "sha256:3ba2e3668760dfcfcfe40dc58711a7c551ca7da48be87a7fdd3fae9963f8264d",
        needed=False,
    ),
}
DETECTOR_FILES = (
    RemoteFile(
        "detector/objects.txt",
        (f"{_REGION_NAMES}/objects_vocab.txt", f"{_BOTTOM_UP}/1600-400-20/objects_vocab.txt"),
        12_782,
        "sha256:d985096938db111f585a311ff0a2ee9092fbc325c3a619ac9622e57e5389722f",
    ),
    RemoteFile(
        "detector/attributes.txt",
        (
            f"{_REGION_NAMES}/attributes_vocab.txt",
            f"{_BOTTOM_UP}/1600-400-20/attributes_vocab.txt",
        ),
        3_095,
        "sha256:19981b5a288f284c576545a21de78634f1a78c26b6949f7acf12b924739fdc66",
    ),
    RemoteFile(
        "detector/sample.jpg",  # for the self-check: what the detector sees in it was published
        (f"{_DETECTOR}/images/input.jpg",),
        209_222,
        "sha256:cb5afca9304177a472d98045a48c8cf00a07a1cfc3a960cb57777d0d6ee798a2",
        needed=False,
    ),
    RemoteFile(
        "detector/config.yaml",  # without it the published sizes are taken, which it states
        (*(f"{host}/config.yaml" for host in _DETECTOR_HOSTS), f"{_VLTK}/frcnn/config.yaml"),
        2_132,
        "sha256:e8034fc56f802b83fbcc512821e75069caee4f5fdad2154ef65f25ab32bd3c86",
        needed=False,
    ),
    RemoteFile(
        "detector/pytorch_model.bin",
        tuple(f"{host}/pytorch_model.bin" for host in _DETECTOR_HOSTS),
        262_398_754,
        "sha256:d3bf8ad74828a244a95d85e17a842cc0ac75419a53e4e81ee68386f192bb24c5",
    ),
)


@dataclass(frozen=True)
class KnownCheckpoint:
    """A published checkpoint, or the one that is shipped."""

    name: str
    summary: str
    heads: str
    repository: str = ""  # on the hub; empty: shipped
    revision: str = "main"
    answers: int = 0  # published ones only: how many its head tells apart
    weight_bytes: int = 0  # about; the hub says exactly

    @property
    def answer_list(self) -> RemoteFile:
        return ANSWER_LISTS[self.answers]

    @property
    def download_bytes(self) -> int:
        """About how much comes over the network, its detector included."""
        return self.weight_bytes + self.answer_list.size + sum(f.size for f in DETECTOR_FILES)

    def remedy(self, missing: list[tuple[str, ...]]) -> str:
        """What to do now; missing as from missing_files."""
        if not self.repository:
            return "Get another copy of this project."
        # sizes and names of answers: not needed, and better had
        wanted = {"config.json", "answers.json", *(file for files in missing for file in files)}
        known = self.addresses().items()
        sources = "; ".join(f"{file} from {address}" for file, address in known if file in wanted)
        return (
            f"Run `python -m lxmert_viz fetch {self.name}`, or press Download on the page Models. "
            f"By hand: put there {sources}."
        )

    def addresses(self) -> dict[str, str]:
        """Where each file of a published checkpoint is, as far as is known without network."""
        homes = dict.fromkeys(("config.json", "pytorch_model.bin"), self.repository)
        homes["vocab.txt"] = VOCABULARY_REPOSITORY
        own = {f: f"{HUB}/{home}/resolve/{self.revision}/{f}" for f, home in homes.items()}
        return own | {f.path: f.urls[0] for f in (*DETECTOR_FILES, self.answer_list)}


EVERY_HEAD = "answers, matching, masked words, regions"
KNOWN = (
    KnownCheckpoint(SHIPPED, "Small, shipped; knows drawn tabletop scenes only.", EVERY_HEAD),
    KnownCheckpoint(
        "lxmert-base",
        "Full size, pre-trained on photographs and sentences about them.",
        EVERY_HEAD,
        repository="unc-nlp/lxmert-base-uncased",
        answers=9500,
        weight_bytes=1_006_100_000,
    ),
    KnownCheckpoint(
        "lxmert-vqa",
        "Full size, fine-tuned to answer the questions of VQA v2.",
        "answers",
        repository="unc-nlp/lxmert-vqa-uncased",
        answers=3129,
        weight_bytes=855_915_865,
    ),
    KnownCheckpoint(
        "lxmert-gqa",
        "Full size, fine-tuned to answer the questions of GQA.",
        "answers",
        repository="unc-nlp/lxmert-gqa-uncased",
        answers=1842,
        weight_bytes=848_000_000,
    ),
)
