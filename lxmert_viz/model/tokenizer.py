"""Both published tokenizers, under their published names."""

from lxmert_viz.model.words.fast_tokenizer import LxmertTokenizerFast
from lxmert_viz.model.words.slow_tokenizer import LxmertTokenizer

__all__ = ["LxmertTokenizer", "LxmertTokenizerFast"]
