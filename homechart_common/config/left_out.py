"""Options of the baseline (contract §6.3) that do nothing here, so that its files can be used all the same."""

from __future__ import annotations

_REASONS: dict[str, tuple[str, ...]] = {
    "it belongs to the hosted service, of which this server is no part": (
        "app.cloudEndpoint",
        "app.cloudJWT",
        "app.cloudPrivateKey",
        "app.contactFeedback",
        "app.contactSupport",
        "app.keepExpiredAuthHouseholdDays",
        "app.trialDays",
    ),
    "there are no payments": (
        "app.ignorePaymentFailures",
        "paddle.planIDMonthly",
        "paddle.planIDMonthlyReferral",
        "paddle.planIDYearly",
        "paddle.productIDLifetime",
        "paddle.publicKeyBase64",
        "paddle.sandbox",
        "paddle.vendorAuthCode",
        "paddle.vendorID",
    ),
    "nobody's use is counted or analysed": ("app.counterTimeZone", "app.gtmID"),
    "nothing answers at the address that it would open": (
        "app.systemConfigKey",
        "app.systemPprofKey",
        "app.systemStopKey",
    ),
    "there is no way to sign in without credentials": ("oauth.testID", "oauth.testKey"),
    "signing in with Apple needs a registration that only the hosted service has": (
        "oidc.appleClientID",
        "oidc.appleKeyID",
        "oidc.appleKeyPEMBase64",
        "oidc.appleTeamID",
    ),
    "connections stay open until their lifetime is over": ("postgresql.maxIdleConnections",),
}

#: Why each of them does nothing, by its key; a process that starts names those that it was given.
LEFT_OUT: dict[str, str] = {key: reason for reason, keys in _REASONS.items() for key in keys}
