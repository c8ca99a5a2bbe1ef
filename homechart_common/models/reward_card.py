"""Reward cards."""

from homechart_common.models.fields import Bool, Int, ShortID, Strings, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class RewardCard(Model):
    """A card that somebody stamps until its owner has earned a reward.

    Only those who send or receive it see it, or the whole household if it has no recipients; only those who
    are named on it change it (contract B2 §8).
    """

    table, path, component = "reward_card", "/reward/cards", Component.REWARD
    owner = Owner.HOUSEHOLD
    label = "name"
    participation = "%(viewer)s::text = ANY (t.senders || t.recipients)"
    restriction = f"t.recipients = '{{}}' OR {participation}"
    constraints = {"reward_card_stamps": "stampCount: must not be more than stampGoal"}

    short_id = ShortID()
    name = Text(min=1, max=500)
    details = Text()
    reward = Text()
    invert = Bool(description="Stamps are used up instead of collected")
    stamp_count = Int(min=0)
    stamp_goal = Int(min=0)
    senders = Strings(description="Accounts that stamp it")
    recipients = Strings(description="Accounts that collect; if there are none, the whole household sees it")
