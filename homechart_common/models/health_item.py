"""What can be logged about somebody's health."""

from homechart_common.models.fields import UUID, Bool, Colour, Derived, Int, Map, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class HealthItem(Model):
    """Something that is taken in, or a symptom; and how often which was followed by which (contract B2 §3).

    Whoever administers a child's primary household handles the child's as well.
    """

    table, path, component = "health_item", "/health/items", Component.HEALTH
    owner = Owner.ACCOUNT
    named_once = True

    auth_account_id = UUID(write="C", description="One's own account, or that of a child in one's care")
    name = Text(min=1, max=500)
    output = Bool(description="A symptom; changing it deletes all logs of the item")
    color = Colour()
    correlations = Map(
        Int(min=0, max=2**30),
        most=100_000,
        write="",
        description="How often others were logged within three days, by id",
    )
    total_correlations = Derived(
        "(SELECT coalesce(sum(count::integer), 0) FROM jsonb_each_text({row}.correlations) AS c (other, count))",
        {"type": "integer"},
    )

    #: They tell in which order logs were made, which nothing else does.
    archived = {"correlations": correlations}
