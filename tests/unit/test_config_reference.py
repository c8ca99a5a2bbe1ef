"""The reference pages are what the declarations say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homechart_common import server_figures
from homechart_common.config import reference
from homechart_common.config.left_out import LEFT_OUT
from homechart_common.config.sections import OPTIONS

PAGES = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "made"), [("configuration.md", reference.reference), ("metrics.md", server_figures.reference)]
)
def test_the_page_is_up_to_date(page, made):
    assert (PAGES / page).read_text(encoding="utf-8") == made(), "run `make docs`"


#: Every option of the contract (§6.3) by section, with its default if it is one here, too.
CONTRACT: dict[str, dict[str, Any]] = {
    "app": {
        "adminEmailAddresses": (),
        "baseURL": ...,
        "cacheControl": "public, max-age=31536000, immutable",
        "cacheTTLMinutes": 15,
        "cloudEndpoint": ...,
        "cloudJWT": ...,
        "cloudPrivateKey": ...,
        "contactFeedback": ...,
        "contactSupport": ...,
        "counterTimeZone": ...,
        "debug": False,
        "demo": False,
        "disableTasks": False,
        "featureVotes": (),
        "gtmID": ...,
        "ignorePaymentFailures": ...,
        "keepCalendarEventDays": 180,
        "keepCookMealPlanDays": 180,
        "keepDeletedDays": 30,
        "keepExpiredAuthHouseholdDays": ...,
        "keepHealthLogDays": 180,
        "keepInactiveAuthAccountDays": 180,
        "keepNotesPageVersions": 10,
        "keepPlanTaskDays": 180,
        "motd": "",
        "port": 3000,
        "proxyAddress": "",
        "proxyHeaderEmail": "",
        "proxyHeaderName": "",
        "rateLimiterKey": "",
        "rateLimiterRate": "10-M",
        "rollupBudgetTransactionsBalanceMonths": ...,
        "rollupBudgetTransactionsSummaryMonths": ...,
        "sessionExpirationDefaultSeconds": 3600,
        "sessionExpirationRememberSeconds": 7776000,
        "signupDisabled": False,
        "systemConfigKey": ...,
        "systemHealthKey": "",
        "systemMetricsKey": "",
        "systemPprofKey": ...,
        "systemStopKey": ...,
        "tlsCertificate": "",
        "tlsKey": "",
        "trialDays": ...,
        "uiDir": "",
        "uiHost": "",
    },
    "cli": {"debug": False, "noColor": False, "outputJSON": False},
    "oauth": {"testID": ..., "testKey": ...},
    "oidc": {
        "appleClientID": ...,
        "appleKeyID": ...,
        "appleKeyPEMBase64": ...,
        "appleTeamID": ...,
        "googleClientID": "",
        "googleClientSecret": "",
    },
    "paddle": {
        "planIDMonthly": ...,
        "planIDMonthlyReferral": ...,
        "planIDYearly": ...,
        "productIDLifetime": ...,
        "publicKeyBase64": ...,
        "sandbox": ...,
        "vendorAuthCode": ...,
        "vendorID": ...,
    },
    "postgresql": {
        "database": "",
        "hostname": "",
        "maxConnections": 25,
        "maxIdleConnections": ...,
        "maxLifetimeMinutes": 5,
        "password": "",
        "port": 5432,
        "schemaRole": "",
        "sslMode": "disable",
        "username": "",
    },
    "smtp": {
        "fromAddress": "",
        "hostname": "",
        "noEmailDomains": ("example.com",),
        "password": "",
        "port": 587,
        "replyTo": "",
        "username": "",
    },
    "tracing": {"endpoint": "", "insecure": False, "path": "", "samplerRatio": 0.0, "serviceName": ""},
    "webPush": {"vapidPrivateKey": "", "vapidPublicKey": ""},
}


def test_every_option_of_the_contract_is_one_or_is_said_to_do_nothing():
    contract = {
        f"{section}.{key}": value for section, keys in CONTRACT.items() for key, value in keys.items()
    }
    defaults = {option.key: option.default for option in OPTIONS.values()}
    assert contract.keys() - defaults.keys() == LEFT_OUT.keys()
    # for reasons that are in docs/decisions, or plain
    own = {
        "app.baseURL": "http://localhost:3000",
        "app.keepInactiveAuthAccountDays": 0,
        "app.rollupBudgetTransactionsBalanceMonths": 0,
        "app.rollupBudgetTransactionsSummaryMonths": 0,
    }
    expected = {key: contract[key] for key in contract.keys() & defaults.keys()} | own
    assert {key: defaults[key] for key in expected} == expected


def test_every_default_is_a_value_that_is_accepted():
    assert [option.key for option in OPTIONS.values() if not option.accepts(option.default)] == []
