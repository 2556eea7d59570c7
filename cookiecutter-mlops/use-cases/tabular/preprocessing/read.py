"""What becomes of one raw file (preprocessing/batch.py says what is asked): a table's rows, typed and checked."""

from preprocessing.tables import read as read

TOGETHER = 1  # a file may be large
ROWS = 250_000
