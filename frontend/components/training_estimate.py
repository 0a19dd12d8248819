"""What a training will read and cost, said before it begins."""

from contracts.finetuning import TrainingEstimate
from frontend.components.drafting_jobs import dollars
from frontend.components.words import plural


def estimate_words(estimate: TrainingEstimate, *, is_at_provider: bool) -> str:
    """What is trained on this machine costs nothing: of that there are the tokens alone."""
    read = f"About {plural(estimate.tokens, 'token')}"
    if estimate.epochs is None:
        read += " an epoch; the provider chooses how many"
    elif estimate.epochs > 1:
        read = f"About {plural(estimate.tokens * estimate.epochs, 'token')} in {estimate.epochs} epochs"
    if not is_at_provider:
        return f"{read}."
    if estimate.cost_usd is None:
        return f"{read}. What that costs is said here once its price is entered under More."
    each = " an epoch" if estimate.epochs is None else ""
    return f"{read}: {dollars(estimate.cost_usd)}{each}."
