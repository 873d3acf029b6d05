/** One entry of the catalogue: what the failure means in general, and what to do about it in general. */
export type CatalogueEntry = { readonly title: string; readonly remedy: string }

/**
 * Every failure that Heddle can name. docs/failures.md lists the same codes with the same remedies; a test compares them.
 * Keep the entries in the order of the alphabet.
 */
export const catalogue = {
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
  DECLARATION_INVALID: {
    title: 'A declaration of routes is not valid.',
    remedy: 'Correct the places named, each with file, line and path; nothing was changed.',
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
  ENROLMENT_WAITING: {
    title:
      'A node waits until somebody lets it in: it was enrolled before with another key or on another machine, or was revoked.',
    remedy:
      'Compare what `heddle identity list` shows with the machine, then `heddle identity approve <node>`; the agent goes on by itself.',
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
  PLANE_UNREACHABLE: {
    title: 'The control plane did not answer.',
    remedy: 'Check --plane (or HEDDLE_PLANE), and that the control plane runs there.',
  },
  PORT_TAKEN: {
    title: 'A port that Heddle needs is already in use.',
    remedy: 'Stop whoever listens there (`ss -ltnp` and `heddle doctor` name it), or configure another port.',
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
  TOKEN_SERVICE_UNCLEAR: {
    title: 'A service that is asked about tokens gives no answer that says yes or no.',
    remedy:
      'Check that it runs and that `path` of the authenticator is its verify call; docs/authorizer.md lists the answers that are understood.',
  },
  VERSION_CHANGED: {
    title: 'A change was to hold for one version of something, which has changed meanwhile.',
    remedy: 'Look at what there is now, decide again, and send its ETag in `If-Match`.',
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
