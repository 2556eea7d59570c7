"""Every accepted slug gives names that their services accept, in the longest region and stage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiecutter_mlops import answers, naming

SLUGS = st.from_regex(naming.SLUG, fullmatch=True).filter(lambda slug: naming.slug_problem(slug) is None)
STAGES = ("staging", "prod")


@given(slug=SLUGS, region=st.sampled_from(answers.REGIONS))
def test_names_of_any_accepted_slug_fit_their_services(slug, region):
    for kind, name in naming.Names(slug, "123456789012", region, STAGES).all():
        assert naming.fits(kind, name), f"{kind}: {name}"


@given(text=st.text(max_size=25))
def test_slug_of_any_text_is_accepted_only_if_it_is_ascii_lowercase(text):
    if naming.slug_problem(text) is None:
        assert text.isascii() and text == text.lower() and 3 <= len(text) <= 20


@pytest.mark.parametrize("slug", ["my-sagemaker", "aws-glue-it", "awsome", "ssm-x", "xn--abc", "sthree-a", "amzn-s3"])
def test_slug_that_aws_reserves_is_refused(slug):
    assert naming.slug_problem(slug)


def test_names_of_all_buckets_differ_between_accounts_and_regions():
    buckets = {
        naming.Names("salaries", account, region).bucket(purpose)
        for account in ("123456789012", "210987654321")
        for region in ("eu-west-1", "us-east-1")
        for purpose in naming.BUCKETS
    }
    assert len(buckets) == 2 * 2 * len(naming.BUCKETS)
