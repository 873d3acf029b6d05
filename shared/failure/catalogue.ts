/** One entry of the catalogue: what the failure means in general, and what to do about it in general. */
export type CatalogueEntry = { readonly title: string; readonly remedy: string }

/**
 * Every failure that Heddle can name. docs/failures.md lists the same codes with the same remedies; a test compares them.
 * Keep the entries in the order of the alphabet.
 */
export const catalogue = {
  ACCESS_LOCKED: {
    title: 'Too many tries with tokens that are not valid.',
    remedy:
      'Wait until the time in `Retry-After` is over and use a token that counts; access.lockout says how many tries there are.',
  },
  ACCESS_REFUSED: {
    title: 'Who asks is known, but may not do this.',
    remedy:
      'Use a token with the permission; docs/access.md says which operation needs which, and `heddle token list` who has it.',
  },
  ACCESS_SOCKET_UNUSABLE: {
    title: 'The socket by which root is let in cannot be opened.',
    remedy:
      'Make access.run_dir a folder that belongs to the user of the plane alone (mode 0700); everything else works without it.',
  },
  ACCESS_UNKNOWN: {
    title: 'Who asks is not known: there is no token, or none that counts.',
    remedy:
      'Send `Authorization: Bearer` with a token that `heddle token create` has made; the CLI reads it from the file that --token-file or HEDDLE_TOKEN_FILE names.',
  },
  AGENT_UNREACHABLE: {
    title: 'The agent does not answer on its own admin page.',
    remedy: 'See that it runs, and that `admin` in the configuration is what it was started with.',
  },
  APPLY_UNDERWAY: {
    title: 'Another version of the declaration is on its way.',
    remedy: 'Wait for it with `heddle apply --follow`, or take it back with `heddle apply --abort`.',
  },
  ARGUMENT_INVALID: {
    title: 'An argument of a command is not valid.',
    remedy: 'Correct it; the `--help` of the command shows what it takes.',
  },
  AUDIT_BROKEN: {
    title: 'The audit is not as it was written: a row was changed, or is missing.',
    remedy: 'Keep the store, the export and the signed heads as they are, and find out who could write to the store.',
  },
  AUTHENTICATOR_UNKNOWN: {
    title: 'A proxy asks for an authenticator that this agent does not have.',
    remedy:
      'Name the gateway in `authorizers` of the agent beside its proxies, and check that a plane hears this agent; until then such requests are answered 503.',
  },
  AUTHORITY_UNUSABLE: {
    title: 'The authority that signs certificates cannot be used.',
    remedy:
      'Correct `identity.authority`: its certificate must be that of an authority that may sign, still hold, and belong to its key.',
  },
  BACKUP_CUT: {
    title: 'A backup ends before its end: it was not written or copied whole.',
    remedy:
      'Copy it again from where it was made, or use another one; `heddle backup verify` says whether a file is whole.',
  },
  BACKUP_DAMAGED: {
    title: 'A backup is not as it was written: it is damaged, or somebody edited it.',
    remedy: 'Copy it again from where it was made, or use another one; nothing of it was restored.',
  },
  BACKUP_FAILED: {
    title: 'A backup could not be made.',
    remedy: 'Do what the cause asks for, and make it again; backups made before are left as they are.',
  },
  BACKUP_TOO_NEW: {
    title: 'A backup was made by a newer version of Heddle.',
    remedy: 'Restore it with that version, or a newer one.',
  },
  BACKUP_UNDERWAY: {
    title: 'A backup is being made already.',
    remedy: 'Wait until it is done, and ask again.',
  },
  BACKUP_UNREADABLE: {
    title: 'What was given as a backup is none, or cannot be read.',
    remedy: 'Name a file that `heddle backup` or journal.backup has made.',
  },
  CALL_FAILED: {
    title: 'A service could not be called: each instance that was tried refused, or broke the connection.',
    remedy: 'The cause names what was tried; `heddle instances --service <name>` shows what the fleet believes of it.',
  },
  CALL_NO_INSTANCE: {
    title: 'A service has no instance that can be called.',
    remedy:
      '`heddle explain <instance>` says why one is not routable; where all have just failed, the next call may succeed.',
  },
  CALL_TIMED_OUT: {
    title: 'A service did not answer a call in time.',
    remedy: 'Look at what its instances do, or give the call more time by `timeoutMs`.',
  },
  CERTIFICATE_EXPIRED: {
    title: "A node's certificate expired more than 30 days ago, so it cannot be renewed.",
    remedy:
      'Enrol the node again with a new token (`heddle identity token`), and let it in with `heddle identity approve <node>`.',
  },
  CERTIFICATE_FOREIGN: {
    title: "A node's certificate is of another installation, or signed by an authority that is not trusted here.",
    remedy:
      'Check that the agent asks the right planes; to move a node here, take `identity` out of its `state_dir` and enrol it with a token of this installation.',
  },
  CERTIFICATE_REVOKED: {
    title: "A node's certificate was revoked.",
    remedy:
      'If the node is to come back, enrol it with a new token and let it in with `heddle identity approve <node>`.',
  },
  CERTIFICATE_TOO_EARLY: {
    title: "A node's certificate does not hold yet: clocks differ.",
    remedy: 'Set the clocks of the plane and of the planes beside it (NTP).',
  },
  CONFIG_INVALID: {
    title: 'A configuration file or environment variable is not valid.',
    remedy: 'Correct the places named, each with file, line and path.',
  },
  CONFIG_UNREADABLE: {
    title: 'A configuration file could not be read.',
    remedy: 'Check that the file exists and that the user of the process may read it.',
  },
  CONSUL_CA_UNREADABLE: {
    title: 'The file of the authority that a Consul is trusted by could not be read.',
    remedy: 'Correct `ca_file` of the datacenter.',
  },
  CONSUL_FORBIDDEN: {
    title: 'A Consul does not permit what Heddle needs.',
    remedy:
      'Give the token of the datacenter what docs/consul-policy.hcl lists; a new token in `token_file` is taken at once.',
  },
  CONSUL_REFUSED: {
    title: 'A Consul refused a request as it was.',
    remedy: 'Check that `address` of the datacenter is that of a Consul from 1.8 to 1.22.',
  },
  CONSUL_TOKEN_UNREADABLE: {
    title: 'The file with the token for a Consul could not be read.',
    remedy: 'Correct `token_file` of the datacenter, or let the user of the process read it.',
  },
  CONSUL_UNREACHABLE: {
    title: 'A Consul did not answer, or has no leader.',
    remedy:
      'Check that it runs and that `address` of the datacenter is right; what it missed is written when it is back.',
  },
  CONSUL_WRONG_DATACENTER: {
    title: 'What answers at the address of a datacenter is another datacenter.',
    remedy: 'Correct `name` or `address` of the datacenter.',
  },
  CROSS_SITE: {
    title: 'A change came in a browser in which somebody has signed in, but not from a page of this plane.',
    remedy:
      'Use the pages of the plane itself under an address of its own (access.url names others), or a token in the `Authorization` header.',
  },
  DECLARATION_INVALID: {
    title: 'A declaration of routes is not valid.',
    remedy: 'Correct the places named, each with file, line and path; nothing was changed.',
  },
  DRAIN_FAILED: {
    title: 'A service of this host was not drained, or not taken back.',
    remedy:
      'Its words say why. See that the agent runs and a plane hears it (`heddle-agent status`); `heddle drain` and `heddle undrain` do it from elsewhere.',
  },
  EGRESS_REFUSED: {
    title: 'An address that the plane was told to connect to is none that it may.',
    remedy:
      'Put the host, or the range of its addresses, into `egress.allow` of the plane if it is meant; link-local addresses and ports of the plane itself are never allowed (docs/hardening.md).',
  },
  ENROLMENT_CLOCK: {
    title: 'The clock of a host that is to be enrolled is wrong, or that of the plane.',
    remedy: 'Set both by the same source (`timedatectl set-ntp true`), and enrol the host again.',
  },
  ENROLMENT_CROWDED: {
    title: 'So many nodes are being enrolled, or were refused from one address, that no more are looked at now.',
    remedy:
      'Wait: agents come again by themselves. Where it lasts, see in the log of the plane who is refused and why.',
  },
  ENROLMENT_ELSEWHERE: {
    title: 'A host is enrolled with another installation already.',
    remedy: 'Move the folder `identity` of its state_dir away if it is to change, and enrol it again.',
  },
  ENROLMENT_OUT_OF_SCOPE: {
    title: 'A node wants to be what its enrolment token does not grant.',
    remedy: "Correct the site in the agent's configuration, or make a token for it with `heddle identity token`.",
  },
  ENROLMENT_REFUSED: {
    title: 'An enrolment token is not known, or its secret is wrong.',
    remedy: "Make a new one with `heddle identity token`, and put it into the agent's `identity.token_file`.",
  },
  ENROLMENT_REQUEST_INVALID: {
    title: 'What was sent as a request for a certificate is none, or not by who has its key.',
    remedy: 'Send a PKCS #10 request for an ECDSA key on P-256, signed with that key.',
  },
  ENROLMENT_TOKEN_EXPIRED: {
    title: 'An enrolment token has expired.',
    remedy: "Make a new one with `heddle identity token`, and put it into the agent's `identity.token_file`.",
  },
  ENROLMENT_TOKEN_UNREADABLE: {
    title: 'What was given as an enrolment token is none.',
    remedy: "Copy it whole, as `heddle identity token` printed it, into the agent's `identity.token_file`.",
  },
  ENROLMENT_TOKEN_USED: {
    title: 'An enrolment token has been used as often as it may be.',
    remedy:
      'Make a new one with `heddle identity token`; see with `heddle identity list` whether you know the nodes that used it.',
  },
  ENROLMENT_UNVOUCHED: {
    title: 'A Kubernetes cluster could not be asked whose token it is that an agent shows.',
    remedy:
      "The plane's log says why; the agent asks again by itself. The plane needs `create` on `tokenreviews`: docs/kubernetes-source.md.",
  },
  ENROLMENT_WAITING: {
    title:
      'A node waits until somebody lets it in: it was enrolled before with another key or on another machine, or was revoked.',
    remedy:
      'Compare what `heddle identity list` shows with the machine, then `heddle identity approve <node>`; the agent goes on by itself.',
  },
  ENVIRONMENTS_OFF: {
    title: 'Environments of users are asked for, and it is not known where Zervi is.',
    remedy: 'Write `zervi: {url, ca_file, token_file}` into the configuration of each plane.',
  },
  ENVIRONMENT_KEY_REUSED: {
    title: 'The key of a call that makes an environment was used for another one already.',
    remedy: 'Use a key of its own for each environment; only the very same call is repeated by the same key.',
  },
  ENVIRONMENT_NO_ROOM: {
    title: 'No Basic Server that fits has room for another environment.',
    remedy:
      'Release environments, ask for less, leave out a site or labels, or add Basic Servers; `docs/environments.md` says where their capacity comes from.',
  },
  ENVIRONMENT_REFUSED: {
    title: "Zervi refused a step of making a user's environment; what had been done was undone.",
    remedy: 'The message has its answer; correct the request, or what the token of `zervi.token_file` may do there.',
  },
  ENVIRONMENT_ZERVI_AWAY: {
    title: "Zervi did not answer, so a user's environment was not made, or is not undone yet.",
    remedy: 'Try again with the same key when Zervi answers; what had been begun is undone by itself.',
  },
  ENVOY_UNREACHABLE: {
    title: 'An Envoy on this machine does not answer at its admin page.',
    remedy: "Check that it runs, and that --admin is the address in its bootstrap's `admin`.",
  },
  GATEWAY_FOLDER_UNFIT: {
    title: 'The folder for the files of a gateway cannot be used.',
    remedy:
      "Make it a real folder (no link) in which the agent may write, or name another one by the gateway's `folder`.",
  },
  GATEWAY_SET_REFUSED: {
    title: 'The agent on a gateway does not take what its plane sent: it would reach beyond what a gateway is for.',
    remedy:
      "Where a file or a log of yours is named, allow its folder by the gateway's `allow` in the agent's configuration. Else plane and agent are of different versions: upgrade the agent. If neither is so, find out who speaks for the plane.",
  },
  HELPER_LIST: {
    title: 'Somebody else than root could have written the list of what the helper may do.',
    remedy:
      'Give the file and its folders to root (`chown root:root`), let nobody else write them (`chmod go-w`), and use no links.',
  },
  HELPER_REFUSED: {
    title: 'The helper did not do what the agent asked it for.',
    remedy:
      'Its words say why: /etc/heddle/helper.yaml lists what it may do, `journalctl -u heddle-helper` what it was asked for.',
  },
  HELPER_SOCKET: {
    title: 'The helper was started without its socket.',
    remedy: 'Start heddle-helper.socket instead: systemd starts the helper when the agent asks.',
  },
  HOST_UNKNOWN: {
    title: 'The plane was asked under a name that is none of its own.',
    remedy:
      'Ask it by an address or by a name that it knows, or put the name into `api.names`: a web page could have its own name lead to the plane.',
  },
  IDENTITY_HELD: {
    title:
      'After a backup was restored it is not known which nodes had been revoked since, so certificates from before are not renewed.',
    remedy:
      'Look through `heddle identity list`, revoke what should not be there, then `heddle identity approve --all-before`.',
  },
  IDENTITY_KEY_REPLACED: {
    title: 'A node asks for a certificate with a key that it has replaced: somebody may have copied it.',
    remedy:
      'Find out who uses the newer one; then revoke the node with `heddle identity revoke <node>` and enrol it anew.',
  },
  IDENTITY_OFF: {
    title: 'This plane is not asked over TLS, so it knows no nodes by certificates.',
    remedy:
      'Set `api.tls: true` and give the agents `https://` addresses; docs/guides/enrol-an-agent.md goes through it.',
  },
  IDENTITY_OTHER_NODE: {
    title: 'An agent speaks for another node than the one that its certificate names.',
    remedy:
      'If a state folder was copied, remove `identity` in it and enrol the node by a token of its own; else somebody uses the certificate of another node: `heddle identity revoke <node>`.',
  },
  IDENTITY_OUT_OF_SCOPE: {
    title:
      'An agent says what its certificate does not let it say: of a service, an address, a site, a gateway or an amount beyond its scope.',
    remedy:
      'See the scope with `heddle identity show <node>`. Correct what the agent announces, or enrol it with a token that grants more and let it in with `heddle identity approve <node>`.',
  },
  IDENTITY_SUPERSEDED: {
    title: 'A node asks with a certificate of an enrolment that a newer one has replaced.',
    remedy: 'Stop what still uses the old certificate; the machine that was let in last goes on.',
  },
  IDENTITY_UNKNOWN: {
    title: 'A node with a certificate of ours is not known any more.',
    remedy: 'Enrol it again with a new token, `heddle identity token`.',
  },
  IMPORT_CUT: {
    title: 'A file of a former registry ends before its end.',
    remedy: 'Dump or copy it again. What was taken before the end stays, and importing it again takes only the rest.',
  },
  IMPORT_ENCODING: {
    title: 'A file of a former registry is not in UTF-8.',
    remedy: 'Dump it in UTF-8 (--default-character-set=utf8mb4, -E UTF8), or convert it with iconv.',
  },
  IMPORT_INTERRUPTED: {
    title: 'An import of a former registry ended before its end.',
    remedy: 'Do what the cause asks for, and import the file again: what is there already is not taken twice.',
  },
  IMPORT_UNREADABLE: {
    title: 'A file of a former registry cannot be read.',
    remedy: 'Name a JSON file, or a dump in plain SQL (mysqldump, pg_dump without -F); pack it out first.',
  },
  KEY_SET_UNUSABLE: {
    title: 'The key set that tokens are checked with cannot be had.',
    remedy:
      'Check that the service of the authenticator runs, and that its path answers with a key set (JWKS) of RSA, EC or Ed25519 keys.',
  },
  KUBERNETES_ACCESS: {
    title: 'How the API server of a Kubernetes cluster is reached cannot be read.',
    remedy:
      'Correct `server`, `ca_file` and `token_file`, or `kubeconfig`, of the cluster, and let the user of the plane read the files; in a Pod leave all of them out.',
  },
  KUBERNETES_EXPIRED: {
    title: 'What was to be read on of a Kubernetes cluster is not kept there any more.',
    remedy: 'Nothing is to be done: everything is listed anew, and what has not changed causes nothing.',
  },
  KUBERNETES_FORBIDDEN: {
    title: 'A Kubernetes API server does not permit what Heddle needs.',
    remedy:
      'Give the service account of the plane what docs/kubernetes-source.md lists, in each namespace that is configured; a new token in `token_file` is taken at once.',
  },
  KUBERNETES_REFUSED: {
    title: 'A Kubernetes API server refused a request as it was, or answered with something else.',
    remedy: 'Check that `server` of the cluster is that of a Kubernetes API server from 1.21 on.',
  },
  KUBERNETES_UNREACHABLE: {
    title: 'A Kubernetes API server did not answer.',
    remedy:
      'Check that it runs and that `server` and `ca_file` of the cluster are right; what is known of the cluster stays as it was until then.',
  },
  LEADERSHIP_LOST: {
    title: 'This control plane does not lead any more, so it may not do what only the leader does.',
    remedy:
      'Nothing has to be done: the one that leads does it. If planes take turns often, look at the load of the database.',
  },
  LEADER_AWAY: {
    title: 'Only the control plane that leads can do this, and none leads just now, or it cannot be reached.',
    remedy: 'Try again in a few seconds: another one takes over within five. `heddle status` shows them all.',
  },
  NAME_AMBIGUOUS: {
    title: 'A name fits several instances, nodes or routes.',
    remedy: 'Give one of the ids named.',
  },
  NGINX_TEXT_TOO_LONG: {
    title: 'A text of the declaration is longer than nginx can read.',
    remedy: 'Shorten it to fewer than 1000 characters.',
  },
  NODES_UNCONFIRMED: {
    title:
      'Nodes were still out of contact when the hold over their site ended, and nobody could say whether they live.',
    remedy:
      'Their instances get requests only when nothing better is left. Where the machines run, mend the network between them and the plane; where they are gone for good, take them out by `heddle maintenance <node>`.',
  },
  NOTHING_UNDERWAY: {
    title: 'No version of the declaration is on its way.',
    remedy: 'Look at `heddle history`: it has been applied or taken back already.',
  },
  NOT_FOUND: {
    title: 'Nothing of this name is known.',
    remedy: 'See what there is: `heddle instances`, `heddle nodes`, `heddle status`.',
  },
  PART_MISSING: {
    title: 'A program that Heddle needs is not on this machine.',
    remedy: 'Run `npm run setup`.',
  },
  PEER_UNREACHABLE: {
    title: 'A question is for an agent, or a service, that another plane looks after, and that plane did not answer.',
    remedy:
      'Ask again in some seconds: when that plane is gone, its agents go to another one. If it stays so, see that each plane reaches the others at their `api.advertise`.',
  },
  PLANE_ANSWER_UNREADABLE: {
    title: 'What answered is not a control plane that this command understands.',
    remedy: 'Check --plane (or HEDDLE_PLANE), and that command and control plane are of the same version.',
  },
  PLANE_BEHIND: {
    title: 'A plane does not have yet what the caller has seen or changed at another plane.',
    remedy:
      'Ask again in a second. If it stays so, see whether this plane reaches its store: `heddle status`; after an older backup was restored, forget the revisions that were answered before.',
  },
  PLANE_FAILED: {
    title: 'The control plane could not do what it was asked.',
    remedy: 'Look into the log of the control plane; the same command may succeed later.',
  },
  PLANE_REFUSED: {
    title: 'The control plane refused to do what it was asked.',
    remedy: 'Do what the reason asks for; nothing was changed.',
  },
  PLANE_UNPROVEN: {
    title:
      'What answers at the address of the plane is not a plane of the authority that the token pins, so it was not given the token.',
    remedy:
      'Check the address in `planes` and its name in `api.names` of the plane; after a rotation of the authority make a new token with `heddle identity token`.',
  },
  PLANE_UNREACHABLE: {
    title: 'The control plane did not answer.',
    remedy: 'Check --plane (or HEDDLE_PLANE), and that the control plane runs there.',
  },
  PORT_TAKEN: {
    title: 'A port that Heddle needs is already in use.',
    remedy: 'Stop whoever listens there (`ss -ltnp` and `heddle doctor` name it), or configure another port.',
  },
  RATE_LIMITED: {
    title: 'A caller asks more than one caller may.',
    remedy:
      'Wait for as long as `Retry-After` says; ask for lists instead of single things and send changes in batches. `access.rates` says how much one caller may ask.',
  },
  RELEASE_ABSENT: {
    title: 'The file of a release is not whole at this plane.',
    remedy:
      'Add it again with `heddle upgrade add`: it goes on where it broke off. Planes of one store get it from each other within seconds.',
  },
  RELEASE_CONTENT: {
    title: 'The file of a release is not the one that was signed.',
    remedy: 'Nothing of it was kept. Add the file that was signed, or have this one signed by `heddle upgrade sign`.',
  },
  RELEASE_DISK: {
    title: 'The file of a release cannot be kept: the disk of the plane is full, or does not take it.',
    remedy: 'Make room in the folder beside its store; 256 MiB are left free for the store itself.',
  },
  RELEASE_PIECE: {
    title: 'A piece of a file does not follow what is there already.',
    remedy: 'Begin at the byte that the answer names; `heddle upgrade add` does so by itself.',
  },
  RELEASE_UNKNOWN: {
    title: 'No release of this version was added.',
    remedy:
      'Add it with `heddle upgrade add <signed.json> <file>`; `heddle upgrade status` lists those that there are.',
  },
  ROLLOUT_REFUSED: {
    title: 'A rollout cannot do what was asked of it now.',
    remedy: 'Look at it with `heddle upgrade status`, and decide again.',
  },
  ROLLOUT_UNDERWAY: {
    title: 'Another rollout concerns the same agents.',
    remedy: 'Wait for it, or end it with `heddle upgrade stop`; `heddle upgrade status` shows it.',
  },
  SECRET_FILE: {
    title: 'A file that should hold a secret cannot be used.',
    remedy:
      'Make it readable for the user of this process and for nobody else: `chmod 600`, or a credential of systemd. Which settings name such files: docs/secrets.md.',
  },
  SECRET_UNUSABLE: {
    title: "The file with the installation's secret cannot be used.",
    remedy:
      "Name a file by `identity.secret_file` that holds 43 characters of base64url and that only the plane's user may read (0600).",
  },
  SECRET_WRONG: {
    title: 'The secret of this plane is not the one that the store was made with.',
    remedy:
      'Copy the file that `identity.secret_file` names from a plane that runs to this one; without it no plane can sign certificates.',
  },
  SIGN_IN_REFUSED: {
    title: 'Somebody could not sign in.',
    remedy:
      'Ask for a new link (`heddle user invite`): each works once, for a day. By a provider: begin anew at /sign-in, and have a group of yours named in access.oidc.roles; the log of the plane says why.',
  },
  SIGN_IN_UNAVAILABLE: {
    title: 'The provider by which people sign in cannot be asked, or its answer cannot be used.',
    remedy:
      'Check access.oidc (issuer, ca_file, client_secret_file) and that this plane reaches the provider; tokens, links and `heddle break-glass` work without it.',
  },
  SITE_HELD: {
    title: 'Machines of a site were lost together, which looks like the network: its routing is held.',
    remedy:
      'Check the network between the site and the plane. The hold ends by itself; what nobody can vouch for then gets requests only when nothing better is left. `heddle explain <instance>` says how one stands.',
  },
  SITE_LOST: {
    title: 'No node of a site is in contact.',
    remedy:
      'Check the machines of the site and the network between them and the plane. Its instances stay routed as they were judged last, until others can say that they are dead.',
  },
  SPLIT_REFUSED: {
    title: 'A split of a service cannot do now what is asked of it.',
    remedy: 'Look at `heddle split show <service>`: it is in another phase, or a side has nobody who can be called.',
  },
  STATE_IN_USE: {
    title: 'Another agent of this host has the state folder.',
    remedy: 'Stop the other agent, or give each its own `state_dir`.',
  },
  STATE_UNWRITABLE: {
    title: 'The agent cannot keep its identity on disk.',
    remedy: 'Let the user of the agent write into `state_dir`, or name another folder.',
  },
  STORE_CORRUPT: {
    title: 'What the store holds cannot be trusted: it is damaged, or acknowledged entries are missing.',
    remedy: 'Stop the control plane, keep a copy of the file, and restore a backup.',
  },
  STORE_IN_USE: {
    title: 'Another control plane has the store open.',
    remedy: 'Stop the other one, or give each its own journal.path.',
  },
  STORE_NOT_EMPTY: {
    title: 'A store that a backup or another store is to be copied into holds something already.',
    remedy: 'Name a new file by journal.path, or a new database; nothing was changed.',
  },
  STORE_OVERLOADED: {
    title: 'More changes arrive than the disk takes.',
    remedy: 'Try again; if it lasts, the disk is too slow for the fleet.',
  },
  STORE_TOO_NEW: {
    title: 'The store was written by a newer version of Heddle.',
    remedy: 'Run that version, or a newer one.',
  },
  STORE_UNAVAILABLE: {
    title: 'The store cannot write now. What is known is still served.',
    remedy:
      'Make room on the disk of journal.path and check that it can be written, or that the database can be reached; it goes on by itself then.',
  },
  SWEEP_NOT_FROZEN: {
    title: 'Records are swept only while the installation is frozen.',
    remedy: 'Run `heddle freeze --reason ...` first: a mirror that runs would write everything again.',
  },
  TENANT_FOREIGN: {
    title: 'A caller that is bound to a tenant names something that belongs to somebody else.',
    remedy:
      'Choose another id, or another name of the service; who it belongs to is told only to callers that are bound to none. `tenants.of` says which services a tenant may announce.',
  },
  TENANT_QUOTA: {
    title: 'A tenant has as much as it may.',
    remedy: 'Take something of it away, or raise its quota: `tenants.of` in the configuration of each plane.',
  },
  TOKEN_IN_QUERY: {
    title: 'A token stands in the address of a request.',
    remedy:
      'Send it in the `Authorization` header, and have it replaced: what stands in addresses is written into logs.',
  },
  TOKEN_SERVICE_UNCLEAR: {
    title: 'A service that is asked about tokens gives no answer that says yes or no.',
    remedy:
      'Check that it runs and that `path` of the authenticator is its verify call; docs/authorizer.md lists the answers that are understood.',
  },
  TOKEN_UNREADABLE: {
    title: 'The file of the token of the API cannot be used.',
    remedy:
      'Name by --token-file or HEDDLE_TOKEN_FILE a file that holds one token and that only you can read (mode 0600).',
  },
  UPGRADE_CONTENT: {
    title: 'A file is not the release of the agent that was signed.',
    remedy: 'Fetch it again, from whom the signed release names; do not install what is there.',
  },
  UPGRADE_FLOOR: {
    title: 'Which versions of the agent were on this host cannot be read, so nothing is let in.',
    remedy: 'Look at upgrade-floor.json in its state folder; remove it only if you know which version may come.',
  },
  UPGRADE_KEY: {
    title: 'A key for releases of the agent cannot be used.',
    remedy:
      '`heddle upgrade key` makes a pair: the private key signs, away from all hosts; `upgrade.keys` of agents name the public one.',
  },
  UPGRADE_NO_INSTALLER: {
    title: 'No installer on this host takes releases.',
    remedy:
      'Enable `heddle-upgrade.path` and `heddle-upgrade.service`, which come with the package, or upgrade this host by its packages.',
  },
  UPGRADE_OFF: {
    title: 'This host trusts nobody to say what is installed in the place of its agent.',
    remedy: "Name the public keys by `upgrade.keys` in the agent's configuration, or install by hand.",
  },
  UPGRADE_PACKAGE: {
    title: 'What was signed is no package of the agent, or dpkg did not install it.',
    remedy:
      'Look at the journal of heddle-upgrade.service for what dpkg said; the former package is back, or was never left.',
  },
  UPGRADE_RETURNED: {
    title: 'A new agent was not well in time, and the former one was put back.',
    remedy:
      'Look at the journal of heddle-agent.service for why it did not start or found no plane; mend it, and have a newer release signed.',
  },
  UPGRADE_TOO_EARLY: {
    title: 'A release of the agent is not to be installed yet.',
    remedy: "Wait, or look at the host's clock.",
  },
  UPGRADE_TOO_OLD: {
    title: 'A release of the agent is older than what was on this host before.',
    remedy:
      'Have a newer one signed. To go back on purpose, install by hand, and remove upgrade-floor.json from its state folder.',
  },
  UPGRADE_TRUST: {
    title: 'Somebody else than root could have written by whose word releases are installed on this host.',
    remedy:
      'Give /etc/heddle/upgrade.yaml, the keys that it names and their folders to root (`chown root:root`), let nobody else write them (`chmod go-w`), and use no links.',
  },
  UPGRADE_UNSEEN: {
    title: 'The agent of this host does not say how it is where its installer looks, so no release is installed.',
    remedy:
      "Have `health` of /etc/heddle/upgrade.yaml name the agent's own page, by `admin` of /etc/heddle/agent.yaml, whose `enabled` must be true; see by `curl` that it answers, then order the upgrade again.",
  },
  UPGRADE_UNSIGNED: {
    title: 'A release of the agent was not signed by a key that this host trusts.',
    remedy: 'Do not install it. Have it signed by `heddle upgrade sign`, or compare `upgrade.keys` with who signs.',
  },
  USER_TAKEN: {
    title: 'Somebody else has this name, e-mail or identity.',
    remedy: 'Take another name, or change the user that is there: `heddle user list`.',
  },
  VERSION_CHANGED: {
    title: 'A change was to hold for one version of something, which has changed meanwhile.',
    remedy: 'Look at what there is now, decide again, and send its ETag in `If-Match`.',
  },
  VOUCHER_UNAVAILABLE: {
    title: 'Zervi cannot say whose token it is, so nobody is let in by it.',
    remedy: 'Check `zervi.url`, `zervi.ca_file` and that its verify call answers; tokens of Heddle work without it.',
  },
  WAIT_FROZEN: {
    title: 'A change was made, but frozen sinks do not show it.',
    remedy: '`heddle status` says who froze and why; `heddle thaw` lets the sinks follow again.',
  },
  WAIT_TIMED_OUT: {
    title: 'A change was made, but not every sink has proven it in time.',
    remedy: '`heddle status` shows what each sink has proven; repeat the command with a longer --timeout to wait on.',
  },
} as const satisfies Record<string, CatalogueEntry>

export type FailureCode = keyof typeof catalogue
