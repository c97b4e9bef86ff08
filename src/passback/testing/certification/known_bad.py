"""Known bad launches (LTI Advantage Conformance Certification Guide, tool, 6.1.1)."""

from passback.testing.certification.breaking import claims, form, header, refused, times, unknown_key, without

NO_LAUNCH = {"id_token": '{"launch": "not really"}'}

BAD = (
    refused("B1", "a token without kid in its header", header(kid=None), "token_no_kid"),
    refused("B2", "a token whose kid no published key has", unknown_key, "token_key_unknown"),
    refused("B3", "LTI version 11.3", claims(version="11.3"), "message_version"),
    refused("B4", "no LTI version", without("version"), "message_version"),
    refused("B5", "JSON that is no LTI 1.3 launch", form(**NO_LAUNCH), "token_malformed"),
    refused(
        "B6",
        "a launch without its LTI claims",
        without("message_type", "version", "deployment_id", "target_link_uri", "resource_link", "roles"),
        "deployment_missing",
    ),
    refused("B6-target", "a launch without target_link_uri", without("target_link_uri"), "message_target"),
    refused("B7-expired", "exp two minutes ago", times(iat=-180, exp=-120), "token_expired"),
    refused("B7-future", "iat two minutes ahead", times(iat=120, exp=180), "token_from_the_future"),
    refused("B7-text", "exp that is a text", claims(exp="soon"), "token_times_missing"),
    refused("B8", "no message_type", without("message_type"), "message_type"),
    refused("B9", "no roles claim", without("roles"), "message_roles"),
    refused("B10", "no deployment_id", without("deployment_id"), "deployment_missing"),
    refused("B11", "a resource link without id", claims(resource_link={"title": "No id"}), "message_resource_link"),
    refused("B12", "no sub", without("sub"), "subject_missing"),
)
