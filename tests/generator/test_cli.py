"""`mlops` as a person types it."""

import json
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cookiecutter_mlops import cli

REPOSITORY = Path(__file__).resolve().parents[2]


def mlops(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(cli.main, list(arguments), input=stdin)


def commands(group: click.Group = cli.main, prefix: tuple[str, ...] = ()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield (*prefix, name)
            if isinstance(command, click.Group):
                yield from commands(command, (*prefix, name))


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_command_has_help(path):
    shown = mlops(*path, "--help")
    assert shown.exit_code == 0
    assert len(shown.output.split("\n\n")[1].strip()) > 10


@pytest.mark.parametrize(
    "path", [path for path in commands() if path not in [("account",), ("data",), ("local",), ("state",)]], ids=" ".join
)
def test_command_shows_an_example(path):
    example = " ".join(mlops(*path, "--help").output.partition("Example:")[2].split())
    assert f"mlops {' '.join(path)}" in example


def test_unknown_command_is_answered_with_the_nearest():
    shown = mlops("aply")
    assert shown.exit_code == 2
    assert "aply: there is no such command; did you mean 'apply'?" in shown.output


@pytest.mark.parametrize(("word", "meant"), cli.MEANT.items())
def test_command_of_a_group_is_named_to_whoever_leaves_the_group_out(word, meant):
    assert f"there is no such command; did you mean {meant!r}?" in mlops(word).output
    assert mlops(*meant.split(), "--help").exit_code == 0


def test_command_outside_a_project_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (["plan"], ["apply"], ["output"], ["approve"], ["destroy"], ["data", "push", "x.csv"]):
        shown = mlops(*command)
        assert shown.exit_code == 1
        assert "no .mlops.json here or above" in shown.output


def test_new_with_answers_file_and_pairs_takes_the_pairs_last(tmp_path):
    (tmp_path / "answers.toml").write_text(
        'stages = "staging+prod"\naws_region = "eu-west-3"\nmonthly_budget_usd = 50\n'
    )
    answers = ["--answers", str(tmp_path / "answers.toml"), "aws_region=eu-north-1"]
    shown = mlops("new", "Salary Prediction", *answers, "--no-input", "--output-dir", str(tmp_path))
    assert shown.exit_code == 0, shown.output
    settings = json.loads((tmp_path / "salary-prediction" / "terraform" / "terraform.auto.tfvars.json").read_text())
    assert settings["stages"] == ["staging", "prod"]
    assert settings["region"] == "eu-north-1"
    assert settings["monthly_budget_usd"] == 50
    assert settings["model_approval"] == "automatic"


def test_new_says_commands_that_work_where_folders_have_spaces(tmp_path):
    folder = tmp_path / "my models"
    folder.mkdir()
    table = folder / "wages.csv"
    table.write_text("wage;years\n" + "".join(f"{400 + years},5;{years % 30}\n" for years in range(100)))
    shown = mlops("new", "Wages", "--output-dir", str(folder), "--no-input", "--data", str(table), "--target", "wage")
    printed = [shlex.split(line, comments=True) for line in shown.output.splitlines() if line.startswith("  ")]
    assert ["cd", str(folder / "wages"), "&&", "make", "check"] in printed
    assert ["mlops", "data", "push", str(table)] in printed


def test_new_of_a_model_that_nobody_trains_says_how_its_weights_get_there(tmp_path):
    (tmp_path / "answers.toml").write_text('train = false\nuse_case = "llm-summarization"\naws_region = "eu-west-3"\n')
    made = ["--answers", str(tmp_path / "answers.toml"), "--no-input", "--output-dir", str(tmp_path)]
    shown = mlops("new", "Call Notes", *made)
    assert shown.exit_code == 0, shown.output
    assert "/weights/MODEL/" in shown.output and "git push" not in shown.output
    settings = json.loads((tmp_path / "call-notes" / "terraform" / "terraform.auto.tfvars.json").read_text())
    image = "763104351884.dkr.ecr.eu-west-3.amazonaws.com/vllm:server-sagemaker-cuda-v1"
    assert settings["pretrained"]["image"] == image
    assert settings["pretrained"]["weights"] == ""


def test_new_that_asks_takes_defaults_and_asks_a_bad_answer_again(tmp_path):
    replies = ["", "not-an-address", "team@example.org", "", "", "", "", "github", "acme/salaries", *[""] * 12]
    shown = mlops("new", "Salary Prediction", "--output-dir", str(tmp_path), stdin="\n".join(replies) + "\n")
    assert shown.exit_code == 0, shown.output
    assert "owner_email: use an e-mail address" in shown.output
    given = json.loads((tmp_path / "salary-prediction" / ".mlops.json").read_text())["answers"]
    assert (given["owner_email"], given["source_repository"]) == ("team@example.org", "acme/salaries")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["projct_slug=x"], "projct_slug: there is no such answer; did you mean 'project_slug'?"),
        (["stages=production"], "stages: use one of prod, staging+prod"),
        (["stages"], "stages: write an answer as name=value"),
        (["source=gitlab"], "source_repository: say which gitlab repository"),
        (["--answers", "missing.toml"], "missing.toml: give a TOML file of answers"),
        (["--data", "x.csv"], "--data and --target belong together"),
        (["--data", "missing.csv", "--target", "wage"], "missing.csv: there is no such file"),
    ],
)
def test_new_with_a_mistake_says_it_in_a_sentence_and_makes_nothing(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    shown = mlops("new", "Salary Prediction", *arguments, "--no-input")
    assert shown.exit_code != 0
    assert sentence in shown.output
    assert list(tmp_path.iterdir()) == []


def test_commands_are_in_the_readme():
    readme = (REPOSITORY / "README.md").read_text()
    missing = [" ".join(path) for path in commands() if len(path) == 1 and f"mlops {path[0]}" not in readme]
    assert missing == []


def test_command_is_installed_under_its_name():
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"mlops": "cookiecutter_mlops.cli:main"}
