"""`python -m benchmarks.leads_set`: how many items and labels, and the hashes that stand beside every result."""

from typing import get_args

from benchmarks.leads_set.labels import Split, counts, load, sha256


def main() -> None:
    for split in get_args(Split):
        items = load(split)
        conversations = sum(item.is_conversation for item in items)
        empty = sum(not item.fields for item in items)
        languages, fields = counts(items)
        print(f"{split}: sha256 {sha256(split)}")
        print(f"  {len(items) - conversations} messages, {conversations} conversations, {empty} with nothing to note")
        print("  languages:", ", ".join(f"{language} {count}" for language, count in languages.most_common()))
        print("  fields:   ", ", ".join(f"{field} {count}" for field, count in fields.most_common()))
        print("  corrected or withdrawn:", sum(len(item.history) for item in items))


if __name__ == "__main__":
    main()
