"""Read tables (csv, tsv, ndjson, parquet, xlsx), hold them to the rules of project.toml, and split them.

    python -m training.data FILE    # says in one sentence what is wrong with the file, or how many rows are right

Rows that fit into memory become a pandas table, others wait in Parquet files (training/shards.py); both are split and
learned from alike. What reads files is imported when it is needed: the serving image is without it.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from training import distributed, hosts
from training.settings import Settings, UserError, load_settings

if TYPE_CHECKING:
    from training.shards import Shards

Rows: TypeAlias = "pd.DataFrame | Shards"  # a table, or what does not fit into memory


def load_table(source: Path, settings: Settings) -> Rows:
    """Every row of a file, or of a folder of files, with the types of project.toml and a known target.

    A table where the rows fit into memory, and Shards where they do not, or where machines learn from a share each.
    """
    from training.batches import checked
    from training.shards import collect, share

    machines, rows = hosts.here(), checked(source, settings)
    if len(machines) > 1 and distributed.MODELS.get(settings.model.name) == hosts.SHARE:
        return share(rows, settings, machines)
    return collect(rows, settings)


def read_table(path: Path) -> pd.DataFrame:
    """The first table of a file as it stands there, for files that are known to be small."""
    from training.readers import open_table

    table = open_table(path)
    parts = [table.rows(block, table.names).to_dict(as_series=False) for block in table.blocks()]
    return pd.concat([pd.DataFrame(part, dtype=object) for part in parts], ignore_index=True)


def split(table: Rows, settings: Settings, purpose: int = 0) -> tuple[Rows, pd.DataFrame]:
    """Rows to learn from and rows to judge on, drawn by their content, the seed and a purpose (a second split).

    A row, or all rows of a group (`group` under [data]), stays on its side in every later snapshot: the live model has
    never learned what its successor is judged on.
    """
    if not isinstance(table, pd.DataFrame):
        return table.split(settings, purpose)
    place = pd.Series(places(contents(table, settings.data.group), settings.data.seed + purpose), table.index)
    holdout = place < settings.data.holdout
    if settings.problem.type == "classification":  # at least one row of each class on either side
        classes = place.groupby(table[settings.problem.target])
        holdout = (holdout | (place == classes.transform("min"))) & (place != classes.transform("max"))
    return table[~holdout], table[holdout]


def in_memory(rows: Rows) -> pd.DataFrame:
    """The rows, or a sample that stands for them."""
    return rows if isinstance(rows, pd.DataFrame) else rows.sample()


def contents(table: pd.DataFrame, group: str | None = None) -> np.ndarray:
    """The hash of each row, or of the group that it belongs to."""
    return pd.util.hash_pandas_object(table[group] if group else table, index=False).to_numpy()


def places(content: np.ndarray, seed: int) -> np.ndarray:
    """Where rows stand between 0 and 1: by chance, and always the same for a row and a seed."""
    return pd.util.hash_array(content + np.uint64(seed)) / 2**64


if __name__ == "__main__":
    from training.batches import check

    try:
        count = check(Path(sys.argv[1]), load_settings())
    except UserError as problem:
        sys.exit(str(problem))
    sys.stdout.write(f"{count} rows obey project.toml\n")
