"""The names that LTI 1.3 and its services use on the wire."""

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS_ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_SERVICE = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"

_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = f"{_AGS}lineitem"
LINE_ITEM_READ = f"{_AGS}lineitem.readonly"
RESULT_READ = f"{_AGS}result.readonly"
SCORE = f"{_AGS}score"
AGS_SCOPES = (LINE_ITEM, LINE_ITEM_READ, RESULT_READ, SCORE)
MEMBERS_READ = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
NOTICE_HANDLERS = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
SCOPES = (*AGS_SCOPES, MEMBERS_READ)
ALL_SCOPES = (*SCOPES, NOTICE_HANDLERS)
NOTICE_SERVICE = LTI + "platformnotificationservice"
NOTICE = LTI + "notice"
ORIGIN_CONTEXTS = LTI + "origin_contexts"
CONTEXT_COPY = "LtiContextCopyNotice"
HELLO_WORLD = "LtiHelloWorldNotice"
NOTICE_TYPES = (HELLO_WORLD, CONTEXT_COPY)

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"

RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
DEEP_LINKING_RESPONSE = "LtiDeepLinkingResponse"
SUBMISSION_REVIEW_REQUEST = "LtiSubmissionReviewRequest"
DATA_PRIVACY_REQUEST = "DataPrivacyLaunchRequest"
