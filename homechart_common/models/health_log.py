"""What was logged."""

from homechart_common.models.fields import UUID, Date, Reference
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class HealthLog(Model):
    """That something was taken in or felt on a day."""

    table, path, component = "health_log", "/health/logs", Component.HEALTH
    owner = Owner.ACCOUNT
    constraints = {"health_log_health_item_id_fkey1": "healthItemID: must be one of the same account"}

    auth_account_id = UUID(write="C", description="One's own account, or that of a child in one's care")
    health_item_id = Reference("health_item", required=True)
    date = Date(required=True)
