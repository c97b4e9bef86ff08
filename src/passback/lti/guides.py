"""How each LMS is connected by hand, as data: its own names of fields, and the addresses that are always the same.

Sources: Anthology's developer documentation, Schoology's "LTI Apps" page, the LTI consumer XBlock's README (11.4),
Canvas's `lti_dev_key_config`, D2L's "Tool registration, deployment and links", Moodle 4.1 to 4.5 as seen, Sakai 25.
"""

from passback.plugin import ConnectGuide

MOODLE = ConnectGuide(
    "moodle",
    one_paste=True,
    issuer="{base}",
    auth_login_url="{base}/mod/lti/auth.php",
    token_url="{base}/mod/lti/token.php",  # noqa: S106 - an address
    jwks_url="{base}/mod/lti/certs.php",
    before=(
        "Sign in to Moodle as site administrator.",
        "Open Site administration → Plugins → External tool → Manage tools → configure a tool manually.",
        "Enter these; leave the other fields as they are.",
    ),
    tells=(
        ("Tool name", "name"),
        ("Tool URL", "launch"),
        ("LTI version", "LTI 1.3"),
        ("Public key type", "Keyset URL"),
        ("Public keyset", "jwks"),
        ("Initiate login URL", "login"),
        ("Redirection URI(s)", "launch"),
        ("Tool configuration usage", "Show in activity chooser and as a preconfigured tool"),
        ("Supports Deep Linking", "Yes"),
        ("Content Selection URL", "launch"),
        ("IMS LTI Assignment and Grade Services", "Use this service for grade sync and column management"),
        ("IMS LTI Names and Role Provisioning", "Use this service to retrieve members' information"),
        ("Share launcher's name and email with tool", "Always"),
        ("Accept grades from the tool", "Always"),
    ),
    asks=(
        ("base", "The address of your Moodle (Platform ID)"),
        ("client_id", "Client ID"),
        ("deployment_id", "Deployment ID"),
    ),
    after=("In a course, add an activity and choose Passback.",),
)
CANVAS = ConnectGuide(
    "canvas",
    one_paste=True,
    issuer="https://canvas.instructure.com",
    # Since August 2023; platform storage works from this host only.
    auth_login_url="https://sso.canvaslms.com/api/lti/authorize_redirect",
    token_url="https://sso.canvaslms.com/login/oauth2/token",  # noqa: S106 - an address
    jwks_url="https://sso.canvaslms.com/api/lti/security/jwks",
    before=(
        "Sign in to Canvas as account administrator.",
        "Open Admin → Developer Keys → Developer Key → LTI Key.",
        "Choose “Enter URL” as the method and enter these, then save, and switch the key on.",
    ),
    tells=(("Key name", "name"), ("Redirect URIs", "launch"), ("JSON URL", "configuration")),
    asks=(
        ("client_id", "The number in the column Details of the developer key"),
        ("deployment_id", "Deployment ID (Settings → Apps → View App Configurations → gear → Deployment Id)"),
    ),
    after=(
        "Open Settings → Apps → View App Configurations → App, choose “By Client ID” and enter the number of the key.",
        "In a course, make an assignment with the submission type “External Tool” and find Passback there.",
    ),
)
BLACKBOARD = ConnectGuide(
    "blackboard",
    issuer="https://blackboard.com",
    auth_login_url="https://developer.blackboard.com/api/v1/gateway/oidcauth",
    token_url="https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",  # noqa: S106 - an address
    jwks_url="https://developer.blackboard.com/api/v1/management/applications/{client_id}/jwks.json",
    shared_client=True,
    before=(
        "Sign in at developer.blackboard.com. Passback is registered there once, for all Blackboards that use it; "
        "where that was done, skip to the client ID below.",
        "Register an application, tick “My Integration supports LTI 1.3”, and enter these.",
    ),
    tells=(
        ("Application name", "name"),
        ("Domain(s)", "domain"),
        ("Login Initiation URL", "login"),
        ("Tool Redirect URL(s)", "launch"),
        ("Tool JWKS URL", "jwks"),
        ("Signing Algorithm", "RS256"),
    ),
    asks=(
        ("client_id", "Application ID (it is the client ID)"),
        ("deployment_id", "Deployment ID, of your Blackboard"),
    ),
    after=(
        "In your Blackboard, open Administrator Panel → LTI Tool Providers → Register LTI 1.3/Advantage Tool and enter "
        "the client ID; approve the tool, allow role, name and e-mail address, grades and membership.",
        "Copy the deployment ID from that page into the form here, if you have not yet.",
        "Under Manage Placements, create one of the type “Deep Linking content tool” with Passback's launch URL.",
    ),
)
BRIGHTSPACE = ConnectGuide(
    "brightspace",
    one_paste=True,
    issuer="{base}",
    token_url="https://auth.brightspace.com/core/connect/token",  # noqa: S106 - an address
    jwks_url="{base}/d2l/.well-known/jwks",
    auth_login_url="{base}/d2l/lti/authenticate",
    before=(
        "Sign in to Brightspace as administrator.",
        "Open Admin Tools → Manage Extensibility → LTI Advantage → Register Tool → Standard, and enter these.",
    ),
    tells=(
        ("Name", "name"),
        ("Domain", "domain"),
        ("Redirect URLs", "launch"),
        ("OpenID Connect Login URL", "login"),
        ("Target Link URI", "launch"),
        ("Keyset URL", "jwks"),
        ("Extensions", "Assignment and Grade Services, Deep Linking, Names and Role Provisioning Services"),
    ),
    asks=(
        ("base", "Issuer (the address of your Brightspace)"),
        ("client_id", "Client Id"),
        ("deployment_id", "Deployment Id (View Deployments → New Deployment)"),
    ),
    after=(
        "Enable the registration: until then Brightspace launches nothing.",
        "In a course, choose Existing Activities → Passback.",
    ),
)
SAKAI = ConnectGuide(
    "sakai",
    one_paste=True,
    issuer="{base}",
    auth_login_url="{base}/imsoidc/lti13/oidc_auth",
    before=(
        "Sign in to Sakai as administrator.",
        "Open Administration Workspace → External Tools → Install LTI 1.3 Tool and enter these; allow grades, grade "
        "columns, the roster, names and e-mail addresses.",
    ),
    tells=(
        ("Tool Title", "name"),
        ("Launch URL", "launch"),
        ("LTI 1.3 Tool OpenID Connect/Initialization Endpoint", "login"),
        ("LTI 1.3 Tool Redirect Endpoint(s)", "launch"),
        ("LTI 1.3 Tool Keyset URL", "jwks"),
    ),
    asks=(
        ("base", "Platform Issuer (the address of your Sakai)"),
        ("client_id", "LTI 1.3 Client ID"),
        ("deployment_id", "Deployment ID (usually 1)"),
        ("jwks_url", "Platform OAuth2 Well-Known/KeySet URL"),
        ("token_url", "Platform OAuth2 Bearer Token Retrieval URL"),
    ),
    after=("In a site, open Lessons → Add Learning App and choose Passback.",),
)
OPEN_EDX = ConnectGuide(
    "openedx",
    issuer="{base}",
    auth_login_url="{base}/api/lti_consumer/v1/launch/",
    before=(
        'In Studio, open Settings → Advanced Settings and add "lti_consumer" to the Advanced Module List.',
        "In a unit, add Advanced → LTI Consumer, choose Edit, and enter these.",
    ),
    tells=(
        ("LTI Version", "LTI 1.3"),
        ("Tool Launch URL", "launch"),
        ("Tool Initiate Login URL", "login"),
        ("Registered Redirect URIs", "launch"),
        ("Tool Public Key Mode", "Keyset URL"),
        ("Tool Keyset URL", "jwks"),
        ("Enable LTI Names and Role Provisioning Services", "True"),
        ("LTI Assignment and Grades Service", "Programmatic"),
        ("Deep linking", "True"),
        ("Deep Linking Launch URL", "launch"),
        ("Request user's username / e-mail", "True"),
    ),
    asks=(
        ("base", "The address of the LMS that learners use (not Studio)"),
        ("client_id", "Client ID"),
        ("deployment_id", "Deployment ID (usually 1)"),
        ("jwks_url", "Keyset URL"),
        ("token_url", "Access Token URL"),
    ),
    after=(
        "Save the component, reload the unit in Studio: it shows the values that are asked for here.",
        "Press “Deep Linking Launch - Configure tool” in the component to choose the course.",
    ),
)
SCHOOLOGY = ConnectGuide(
    "schoology",
    issuer="https://schoology.schoology.com",
    auth_login_url="https://lti-service.svc.schoology.com/lti-service/authorize-redirect",
    token_url="https://lti-service.svc.schoology.com/lti-service/access-token",  # noqa: S106 - an address
    jwks_url="https://lti-service.svc.schoology.com/lti-service/.well-known/jwks",
    before=(
        "Sign in to Schoology as system administrator.",
        "Open App Center → My Developer Apps → Add App, choose “LTI 1.3 App” as the type, and enter these.",
        "Tick Deep Linking, Assignment and Grade Services, Names and Roles Services; send names and e-mail addresses.",
    ),
    tells=(
        ("App Name", "name"),
        ("Description", "description"),
        ("Domain/URL", "launch"),
        ("OIDC Login Init URL", "login"),
        ("Redirect URLs", "launch"),
        ("Public key type", "Keyset URL"),
        ("JWKS URL", "jwks"),
    ),
    asks=(
        ("client_id", "Client ID (Options → API Info)"),
        ("deployment_id", "Deployment ID (where the app was installed: Configure)"),
    ),
    after=(
        "Press “Install LTI 1.3 App”, agree, and add it to your organization and its courses.",
        "In a course, choose Add Materials → Passback.",
    ),
)
GENERIC = ConnectGuide(
    "",
    asks=(
        ("issuer", "Issuer"),
        ("client_id", "Client ID"),
        ("auth_login_url", "Authentication request URL"),
        ("token_url", "Access token URL"),
        ("jwks_url", "Public keyset URL"),
    ),
)
"""For an LMS that has no guide of its own: everything is asked for."""
