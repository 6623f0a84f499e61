"""Handlers for the triggers of a user pool: each returns the whole event, with `response` filled."""


def check_sign_up(event, context):
    """PreSignUp: only addresses of example.com, and those need no confirmation."""
    email = event["request"]["userAttributes"].get("email", "")
    if not email.endswith("@example.com"):
        raise ValueError("only addresses of example.com can sign up")
    event["response"]["autoConfirmUser"] = True
    event["response"]["autoVerifyEmail"] = True
    return event


def add_claims(event, context):
    """PreTokenGeneration V2_0: the tenant goes into both tokens."""
    tenant = event["request"]["userAttributes"].get("custom:tenant", "none")
    claims = {"claimsToAddOrOverride": {"tenant": tenant}}
    event["response"]["claimsAndScopeOverrideDetails"] = {"idTokenGeneration": claims, "accessTokenGeneration": claims}
    return event
