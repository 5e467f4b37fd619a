/* The functions of the rule table, by file. */
#ifndef LINT_RULES_H
#define LINT_RULES_H

#include "lint/context.h"

/* rules_packages.c: each row has its data there */
rule_function check_pinned;
rule_function check_flag;
rule_function check_pip_cache;
rule_function check_clean;
rule_function check_forbidden;
struct package_rule;
extern const struct package_rule apt_pin, apt_yes, apt_recommends, pip_pin,
	pip_cache, npm_pin, apk_pin, apk_cache, gem_pin, yum_yes, yum_clean,
	yum_pin, dnf_yes, dnf_clean, dnf_pin, zypper_yes, zypper_dup,
	zypper_clean, zypper_pin, yarn_clean, go_pin;

/* rules_commands.c */
rule_function check_pointless;
rule_function check_cd;
rule_function check_sudo;
rule_function check_apt;
rule_function check_apt_lists;
rule_function check_useradd;
rule_function check_wget_progress;
rule_function check_wget_and_curl;
rule_function check_link_shell;
rule_function check_pipefail;

/* rules_images.c */
rule_function check_tag;
rule_function check_latest;
rule_function check_trusted;
rule_function check_platform_constant;
rule_function check_platform_redundant;
rule_function check_arg_in_from;
rule_function check_default_in_from;
rule_function check_image_platform;

/* rules_stages.c */
rule_function check_stage_unique;
rule_function check_stage_reserved;
rule_function check_stage_casing;
rule_function check_last_user;
rule_function check_user_numeric;
rule_function check_healthcheck_missing;
rule_function check_consecutive_runs;
rule_function check_repeated; /* data: the instruction's name */

/* rules_copy.c */
rule_function check_archive;
rule_function check_add;
rule_function check_copy_target;
rule_function check_copy_from;
rule_function check_copy_self;
rule_function check_copy_relative;
rule_function check_copy_root;
rule_function check_copy_ignored;
rule_function check_workdir;

/* rules_labels.c */
rule_function check_label_key;
rule_function check_label_missing;
rule_function check_label_extra;
rule_function check_label_empty;
rule_function check_label_value; /* data: the enum label_kind */

/* rules_style.c */
rule_function check_json_form;
rule_function check_maintainer;
rule_function check_casing;
rule_function check_as_casing;
rule_function check_legacy_pairs;
rule_function check_description;
rule_function check_port_range;
rule_function check_expose_casing;
rule_function check_expose_format;

/* rules_variables.c */
rule_function check_env_self;
rule_function check_secrets;
rule_function check_undefined;

/* spdx.c: an SPDX license expression of known ids */
bool spdx_is_valid(struct str expression);

#endif
