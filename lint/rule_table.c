/*
 * Every rule, one row each, in the order of their ids: hadolint's (by meaning;
 * the words are ours), then BuildKit's that hadolint lacks.
 */
#include "lint/rules.h"

#include <string.h>

static const enum instruction_kind cmd = INSTRUCTION_CMD;
static const enum instruction_kind entrypoint = INSTRUCTION_ENTRYPOINT;
static const enum instruction_kind healthcheck = INSTRUCTION_HEALTHCHECK;
static const enum label_kind url = LABEL_URL;
static const enum label_kind rfc3339 = LABEL_RFC3339;
static const enum label_kind spdx = LABEL_SPDX;
static const enum label_kind hash = LABEL_HASH;
static const enum label_kind semver = LABEL_SEMVER;
static const enum label_kind email = LABEL_EMAIL;

#define ERROR DIAG_ERROR
#define WARNING DIAG_WARNING
#define INFO DIAG_INFO
#define STYLE DIAG_STYLE
#define PLAIN false, false
#define OFF true, false
#define EXPERIMENTAL false, true

const struct rule rules[] = {
	{"DL1000", NULL, ERROR, PLAIN, "The file does not parse.",
	 "A build of it would fail with this mistake. The rest of the file is "
	 "linted all the same.",
	 NULL, NULL},
	{"DL1001", NULL, INFO, OFF, "A comment ignores rules.",
	 "For those who want every exception in one place, the config. Off "
	 "unless its severity is set.",
	 NULL, NULL},
	{"DL3000", "WorkdirRelativePath", ERROR, PLAIN, "WORKDIR is absolute.",
	 "A relative path counts from the WORKDIR before it, which may be the "
	 "base image's: a newer base then moves the files.",
	 check_workdir, NULL},
	{"DL3001", NULL, INFO, PLAIN,
	 "Commands like ssh, vim, ps or mount make no sense in an image.",
	 "They look at or change a running system, and a build has none.",
	 check_pointless, NULL},
	{"DL3002", NULL, WARNING, PLAIN, "The last USER is not root.",
	 "What runs as root in a container is one mistake from being root on "
	 "its host. Change to another user after what needs root.",
	 check_last_user, NULL},
	{"DL3003", NULL, WARNING, PLAIN, "WORKDIR changes the folder, not cd.",
	 "cd is forgotten at the end of its RUN.", check_cd, NULL},
	{"DL3004", NULL, ERROR, PLAIN, "No sudo.",
	 "It wants a terminal and does not pass signals on. Use USER, or gosu "
	 "in an entry point.",
	 check_sudo, NULL},
	{"DL3006", NULL, WARNING, PLAIN, "Base images have a tag.",
	 "Without one :latest is meant, and that is another image every few "
	 "weeks.",
	 check_tag, NULL},
	{"DL3007", NULL, WARNING, PLAIN, "The tag is not latest.",
	 "latest is another image every few weeks: a build that worked breaks "
	 "without a change of yours.",
	 check_latest, NULL},
	{"DL3008", NULL, WARNING, PLAIN, "apt-get install pins versions.",
	 "Otherwise the same Dockerfile gives different images, and the cache "
	 "hides it. Write package=version.",
	 check_pinned, &apt_pin},
	{"DL3009", NULL, INFO, PLAIN,
	 "The lists of apt-get are deleted in the RUN that fetched them.",
	 "They are tens of megabytes, and stale when they are next of use. "
	 "rm -rf /var/lib/apt/lists/* in the same RUN (any rm -rf is taken for "
	 "it), or cache mounts at /var/lib/apt and /var/cache/apt.",
	 check_apt_lists, NULL},
	{"DL3010", NULL, INFO, PLAIN, "ADD unpacks archives.",
	 "COPY and a RUN that unpacks leave the archive in a layer; ADD does "
	 "not.",
	 check_archive, NULL},
	{"DL3011", NULL, ERROR, PLAIN, "Ports are 0 to 65535.",
	 "There are no others.", check_port_range, NULL},
	{"DL3012", "MultipleInstructionsDisallowed", ERROR, PLAIN,
	 "A stage has one HEALTHCHECK.", "Only the last one counts.",
	 check_repeated, &healthcheck},
	{"DL3013", NULL, WARNING, PLAIN, "pip install pins versions.",
	 "Write package==version, or give a requirements or constraints file.",
	 check_pinned, &pip_pin},
	{"DL3014", NULL, WARNING, PLAIN, "apt-get install has -y.",
	 "Without it apt-get asks, nobody answers, and the build fails.",
	 check_flag, &apt_yes},
	{"DL3015", NULL, INFO, PLAIN,
	 "apt-get install has --no-install-recommends.",
	 "Recommended packages are often larger than what was asked for.",
	 check_flag, &apt_recommends},
	{"DL3016", NULL, WARNING, PLAIN, "npm install pins versions.",
	 "Write package@version.", check_pinned, &npm_pin},
	{"DL3018", NULL, WARNING, PLAIN, "apk add pins versions.",
	 "Write package=version, or package~=version.", check_pinned, &apk_pin},
	{"DL3019", NULL, INFO, PLAIN, "apk add has --no-cache.",
	 "It needs no --update before and leaves no index behind. A cache "
	 "mount at /var/cache/apk does as well.",
	 check_flag, &apk_cache},
	{"DL3020", NULL, ERROR, PLAIN, "COPY, not ADD, for files and folders.",
	 "ADD also downloads and unpacks; where neither is meant, COPY says "
	 "so.",
	 check_add, NULL},
	{"DL3021", NULL, ERROR, PLAIN,
	 "COPY of several sources goes to a folder.",
	 "The destination must end in a slash, . as well: write ./.",
	 check_copy_target, NULL},
	{"DL3022", NULL, WARNING, PLAIN, "COPY --from names a stage above.",
	 "A name that is no stage is taken for an image and fetched.",
	 check_copy_from, NULL},
	{"DL3023", NULL, ERROR, PLAIN, "COPY --from names another stage.",
	 "A stage can't copy from itself.", check_copy_self, NULL},
	{"DL3024", "DuplicateStageName", ERROR, PLAIN,
	 "Stage names are unique.",
	 "Of two stages with one name it is not clear which is meant.",
	 check_stage_unique, NULL},
	{"DL3025", "JSONArgsRecommended", WARNING, PLAIN,
	 "CMD, ENTRYPOINT and HEALTHCHECK are JSON arrays.",
	 "In shell form the program is a child of sh, which passes no signals "
	 "on: docker stop then waits and kills.",
	 check_json_form, NULL},
	{"DL3026", NULL, ERROR, PLAIN,
	 "Base images come from trusted registries.",
	 "Only checked where trusted registries are configured.", check_trusted,
	 NULL},
	{"DL3027", NULL, WARNING, PLAIN, "apt-get or apt-cache, not apt.",
	 "apt's output and options change between releases: it is for people.",
	 check_apt, NULL},
	{"DL3028", NULL, WARNING, PLAIN, "gem install pins versions.",
	 "Write gem:version, or give --version.", check_pinned, &gem_pin},
	{"DL3029", "FromPlatformFlagConstDisallowed", WARNING, PLAIN,
	 "FROM's --platform is no constant.",
	 "The image would be for that platform whatever is built for. Use "
	 "$BUILDPLATFORM for stages that only build; other variables have one "
	 "value, too.",
	 check_platform_constant, NULL},
	{"DL3030", NULL, WARNING, PLAIN, "yum install has -y.",
	 "Without it yum asks, nobody answers, and the build fails.",
	 check_flag, &yum_yes},
	{"DL3032", NULL, WARNING, PLAIN, "yum clean all follows yum install.",
	 "In the same RUN, or the cache stays in the layer.", check_clean,
	 &yum_clean},
	{"DL3033", NULL, WARNING, PLAIN, "yum install pins versions.",
	 "Write package-version.", check_pinned, &yum_pin},
	{"DL3034", NULL, WARNING, PLAIN, "zypper install has -y.",
	 "Without it zypper asks, nobody answers, and the build fails.",
	 check_flag, &zypper_yes},
	{"DL3035", NULL, WARNING, PLAIN, "No zypper dist-upgrade.",
	 "It replaces the base image by another release.", check_forbidden,
	 &zypper_dup},
	{"DL3036", NULL, WARNING, PLAIN, "zypper clean follows zypper install.",
	 "In the same RUN, or the cache stays in the layer.", check_clean,
	 &zypper_clean},
	{"DL3037", NULL, WARNING, PLAIN, "zypper install pins versions.",
	 "Write package=version.", check_pinned, &zypper_pin},
	{"DL3038", NULL, WARNING, PLAIN, "dnf install has -y.",
	 "Without it dnf asks, nobody answers, and the build fails.",
	 check_flag, &dnf_yes},
	{"DL3040", NULL, WARNING, PLAIN, "dnf clean all follows dnf install.",
	 "In the same RUN, or the cache stays in the layer.", check_clean,
	 &dnf_clean},
	{"DL3041", NULL, WARNING, PLAIN, "dnf install pins versions.",
	 "Write package-version. A variable that ARG or ENV sets may be the "
	 "version.",
	 check_pinned, &dnf_pin},
	{"DL3042", NULL, WARNING, PLAIN, "pip install has --no-cache-dir.",
	 "pip's cache is of no use in an image. ENV PIP_NO_CACHE_DIR=1 or a "
	 "cache mount do as well.",
	 check_pip_cache, &pip_cache},
	{"DL3043", NULL, ERROR, PLAIN,
	 "ONBUILD holds no ONBUILD, FROM or MAINTAINER.",
	 "A build refuses them.", NULL, NULL},
	{"DL3044", NULL, ERROR, PLAIN,
	 "ENV does not read what the same ENV sets.",
	 "All values of one ENV are expanded with what was set before it. Use "
	 "two ENVs.",
	 check_env_self, NULL},
	{"DL3045", NULL, WARNING, PLAIN,
	 "COPY to a relative path has a WORKDIR before it.",
	 "Otherwise the base image decides where the files go.",
	 check_copy_relative, NULL},
	{"DL3046", NULL, WARNING, PLAIN, "useradd with a high uid has -l.",
	 "useradd otherwise writes a sparse log as long as the uid is high, "
	 "which layers store in full.",
	 check_useradd, NULL},
	{"DL3047", NULL, INFO, PLAIN, "wget has --progress, -q or -nv.",
	 "Its bar fills the build's log.", check_wget_progress, NULL},
	{"DL3048", NULL, STYLE, PLAIN, "Label keys are well formed.",
	 "Lower-case letters, digits, dots and hyphens, beginning with a "
	 "letter; docker's own namespaces are docker's.",
	 check_label_key, NULL},
	{"DL3049", NULL, INFO, PLAIN, "Every label of the schema is there.",
	 "In every stage but those that only give files to others.",
	 check_label_missing, NULL},
	{"DL3050", NULL, INFO, PLAIN, "No labels but those of the schema.",
	 "Only checked with strict-labels.", check_label_extra, NULL},
	{"DL3051", NULL, WARNING, PLAIN, "Labels of the schema are not empty.",
	 "", check_label_empty, NULL},
	{"DL3052", NULL, WARNING, PLAIN, "The label is a URL.",
	 "The label schema asks for one (RFC 3986).", check_label_value, &url},
	{"DL3053", NULL, WARNING, PLAIN, "The label is a time.",
	 "The label schema asks for one (RFC 3339).", check_label_value,
	 &rfc3339},
	{"DL3054", NULL, WARNING, PLAIN, "The label is a license.",
	 "The label schema asks for an SPDX license expression.",
	 check_label_value, &spdx},
	{"DL3055", NULL, WARNING, PLAIN, "The label is a git hash.",
	 "The label schema asks for one, of 7, 40 or 64 digits.",
	 check_label_value, &hash},
	{"DL3056", NULL, WARNING, PLAIN, "The label is a semantic version.",
	 "The label schema asks for one (semver.org).", check_label_value,
	 &semver},
	{"DL3057", NULL, INFO, OFF, "There is a HEALTHCHECK.",
	 "Off unless its severity is set.", check_healthcheck_missing, NULL},
	{"DL3058", NULL, WARNING, PLAIN, "The label is an e-mail address.",
	 "The label schema asks for one (RFC 5322).", check_label_value,
	 &email},
	{"DL3059", NULL, INFO, PLAIN,
	 "RUNs of one command side by side are one RUN.",
	 "Each is a layer. Those of several commands, and those with other "
	 "flags, may stay apart.",
	 check_consecutive_runs, NULL},
	{"DL3060", NULL, INFO, PLAIN, "yarn cache clean follows yarn install.",
	 "In the same RUN, or the cache stays in the layer.", check_clean,
	 &yarn_clean},
	{"DL3061", NULL, ERROR, PLAIN,
	 "The file begins with FROM, ARG or a comment.",
	 "Nothing else can stand before the first FROM.", NULL, NULL},
	{"DL3062", NULL, WARNING, PLAIN, "go install pins versions.",
	 "Write package@version, and not @latest.", check_pinned, &go_pin},
	{"DL3063", "ReservedStageName", WARNING, PLAIN,
	 "Stage names are not reserved words.",
	 "scratch and context mean something else in FROM and --from.",
	 check_stage_reserved, NULL},
	{"DL3064", "SecretsUsedInArgOrEnv", WARNING, PLAIN,
	 "ARG and ENV hold no secrets.",
	 "They can be read from the image's history. Use "
	 "RUN --mount=type=secret.",
	 check_secrets, NULL},
	{"DL3065", "RedundantTargetPlatform", WARNING, PLAIN,
	 "FROM needs no --platform=$TARGETPLATFORM.", "It is the default.",
	 check_platform_redundant, NULL},
	{"DL3066", NULL, INFO, PLAIN, "The last USER is a number.",
	 "A name means something inside the image only; Kubernetes can't tell "
	 "whether it is root.",
	 check_user_numeric, NULL},
	{"DL3067", NULL, WARNING, PLAIN,
	 "No stage's whole file system is copied.",
	 "FROM that stage keeps its layers; COPY of / makes a second copy of "
	 "everything.",
	 check_copy_root, NULL},
	{"DL4000", "MaintainerDeprecated", ERROR, PLAIN, "No MAINTAINER.",
	 "Write LABEL org.opencontainers.image.authors.", check_maintainer,
	 NULL},
	{"DL4001", NULL, WARNING, PLAIN, "wget or curl, not both.",
	 "One of them less is a smaller image.", check_wget_and_curl, NULL},
	{"DL4003", "MultipleInstructionsDisallowed", WARNING, PLAIN,
	 "A stage has one CMD.", "Only the last one counts.", check_repeated,
	 &cmd},
	{"DL4004", "MultipleInstructionsDisallowed", ERROR, PLAIN,
	 "A stage has one ENTRYPOINT.", "Only the last one counts.",
	 check_repeated, &entrypoint},
	{"DL4005", NULL, WARNING, PLAIN, "SHELL changes the shell.",
	 "A link in place of /bin/sh changes it for every program in the "
	 "image.",
	 check_link_shell, NULL},
	{"DL4006", NULL, WARNING, PLAIN, "Pipes run with pipefail.",
	 "A shell looks at the last command of a pipe only: curl | sh succeeds "
	 "where curl fails. SHELL [\"/bin/bash\", \"-o\", \"pipefail\", "
	 "\"-c\"], or set -o pipefail.",
	 check_pipefail, NULL},

	{"ConsistentInstructionCasing", NULL, WARNING, PLAIN,
	 "Keywords are all in upper or all in lower case.",
	 "The case of most of them is taken as meant.", check_casing, NULL},
	{"CopyIgnoredFile", NULL, WARNING, PLAIN,
	 "COPY and ADD name nothing that .dockerignore leaves out.",
	 "The build would not find it. Checked where a .dockerignore lies "
	 "beside the file.",
	 check_copy_ignored, NULL},
	{"ExposeInvalidFormat", NULL, WARNING, PLAIN,
	 "EXPOSE has no address and no host port.",
	 "It only names ports of the container; docker run -p maps them.",
	 check_expose_format, NULL},
	{"ExposeProtoCasing", NULL, WARNING, PLAIN,
	 "EXPOSE's protocol is in lower case.", "80/tcp, not 80/TCP.",
	 check_expose_casing, NULL},
	{"FromAsCasing", NULL, WARNING, PLAIN,
	 "AS is in the same case as FROM.", "", check_as_casing, NULL},
	{"InvalidBaseImagePlatform", NULL, WARNING, PLAIN,
	 "An image that is used is for the platform that is built for.",
	 "Checked where the image is at hand: an image for another processor "
	 "fails when its programs run.",
	 check_image_platform, NULL},
	{"InvalidDefaultArgInFrom", NULL, WARNING, PLAIN,
	 "FROM is an image without any build argument.",
	 "Give the ARGs that it reads defaults, so that a plain build works.",
	 check_default_in_from, NULL},
	{"InvalidDefinitionDescription", NULL, WARNING, EXPERIMENTAL,
	 "A comment above FROM or ARG describes it.",
	 "docker build --call=outline shows it: \"# name what it is\". "
	 "Empty lines between the two change nothing.",
	 check_description, NULL},
	{"LegacyKeyValueFormat", NULL, WARNING, PLAIN,
	 "ENV and LABEL are written key=value.",
	 "The form with a blank takes the whole line as one value.",
	 check_legacy_pairs, NULL},
	{"NoEmptyContinuation", NULL, WARNING, PLAIN,
	 "No empty lines where an instruction goes on.",
	 "They are to become errors.", NULL, NULL},
	{"StageNameCasing", NULL, WARNING, PLAIN,
	 "Stage names are in lower case.",
	 "They are compared in lower case, and so should be written.",
	 check_stage_casing, NULL},
	{"UndefinedArgInFrom", NULL, WARNING, PLAIN,
	 "FROM reads only ARGs from before the first FROM.",
	 "Anything else is empty there.", check_arg_in_from, NULL},
	{"UndefinedVar", NULL, WARNING, PLAIN,
	 "Variables are set before they are read.",
	 "By an ARG or ENV of the same stage, or of one that it begins from. "
	 "A variable that the base image may set is left alone; HOME, USER, "
	 "PWD, "
	 "UID, GID and HOSTNAME are set by shells and hardly by an image.",
	 check_undefined, NULL},
};

const size_t rules_n = ARRAY_LEN(rules);

const struct rule *rule_find(struct str id)
{
	for (size_t i = 0; i < rules_n; i++)
		if (str_eq_nocase(id, str_from(rules[i].id)))
			return &rules[i];
	for (size_t i = 0; i < rules_n; i++)
		if (rules[i].alias &&
		    str_eq_nocase(id, str_from(rules[i].alias)))
			return &rules[i];
	return NULL;
}

bool rule_is_in(const struct rule *rule, unsigned version)
{
	return version == 0 || rule->since <= version;
}

bool rule_is_buildkit(const char *id)
{
	return strncmp(id, "DL", 2) != 0 && strncmp(id, "SC", 2) != 0;
}
