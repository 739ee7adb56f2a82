"""The tokenizer of a Hugging Face folder as the one file that the appliance reads."""

from __future__ import annotations

from pathlib import Path

from export.role_build import BuildError


def tokenizer_json(folder: Path, work: Path) -> Path:
    """`tokenizer.json`, made in `work` from the older files of a folder where it has none."""
    path = folder / "tokenizer.json"
    if path.is_file():
        return path
    from transformers import AutoTokenizer

    try:
        slow = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        made = work / "tokenizer.json"
        slow.backend_tokenizer.save(str(made))
    except Exception as error:  # transformers raises whatever its many tokenizers raise
        raise BuildError(
            f"{folder} has no tokenizer that can be read: put tokenizer.json beside config.json"
        ) from error
    return made
