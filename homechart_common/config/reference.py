"""The reference page of the configuration, made from its declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from homechart_common.config.left_out import LEFT_OUT
from homechart_common.config.options import Option, spelled
from homechart_common.config.sections import OPTIONS, SECTIONS, THINGS, TOGETHER
from homechart_common.config.things import options_of_thing

_INTRODUCTION = """\
# Configuration

Everything has a default: a server starts with nothing configured. This page is made from the declaration
of the options (`make docs`); what a server uses is shown by `homechart-api show-config`, with secrets masked.

## Where options come from

Later sources win.

1. The defaults below.
2. Documents named with `-c`: files or directories, separated by commas, in YAML or JSON; `-` is standard
   input. Of a directory, every `.json`, `.yaml` and `.yml` file below it is read, in the order of their
   names, except where a name starts with a dot.
3. The secrets `vault.paths` of HashiCorp Vault or OpenBao, if `vault.address` is given, which all other sources can do.
4. The environment variable `HOMECHART_CONFIG`, which holds a whole document.
5. One environment variable for each option, such as `HOMECHART_APP_BASEURL`.
6. `-x app_baseURL=https://home.example.com,app_port=80`, in any case, with neither `,` nor `=` in a value;
   `-x config=…` takes a whole document.

Some sections hold any number of things, each under a name that you choose, in small letters and digits: it stands
between section and key, as in `oidc.home.clientID`, `HOMECHART_OIDC_HOME_CLIENTID` and `-x oidc_home_clientid=…`.

A document names sections, and options in them:

```yaml
app:
  baseURL: https://home.example.com
  adminEmailAddresses: [jane@example.com]
postgresql:
  hostname: db.example.com
  database: homechart
  username: homechart
```

So does a secret in Vault. It may also name options as `-x` does, such as `smtp_password`, in any case; both forms can
stand in one secret.

In variables and `-x`, a boolean is `1`, `t`, `true`, `yes` or `0`, `f`, `false`, `no` in any case; a list is
separated by commas, without spaces; what is empty counts as not given. An option that does not exist is an
error in a document and in `-x`, and is named at start when it is a variable. Variables are blanked in the
process once they were read, so that programs it starts do not see secrets.

A value that cannot be used stops the start with a line that names the option, the source and what was
expected. So does one of these without the other:
{together}.
"""

_LEFT_OUT = """\
## Options that do nothing here

Servers of the same protocol know these as well. They are accepted, so that their configuration can be used
as it is, and a start says that they have no effect.

| Key | Why |
| --- | --- |
"""


def reference() -> str:
    """The page as Markdown."""
    together = ";\n".join(f"`{one}` and `{other}`" for one, other in TOGETHER)
    left_out = "".join(f"| `{key}` | {reason} |\n" for key, reason in LEFT_OUT.items())
    return "\n".join(
        [_INTRODUCTION.format(together=together), *map(_section, SECTIONS), _LEFT_OUT + left_out]
    )


def _section(section: str) -> str:
    own = (option for option in OPTIONS.values() if option.section == section)
    table = f"## {spelled(section)}\n\n{SECTIONS[section].__doc__}\n\n{_table(own)}"
    if section not in THINGS:
        return table
    heading = f"### {spelled(section)}.<name\\>\n\n{THINGS[section][1].__doc__}"
    return f"{table}\n{heading}\n\n{_table(options_of_thing(section, '<name>'))}"


def _table(options: Iterable[Option]) -> str:
    head = "| Key | Variable | Type | Default | Meaning |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(map(_row, options))


def _row(option: Option) -> str:
    default = option.as_text(option.default)
    cells = (
        f"`{option.key}`",
        f"`{option.variable}`",
        option.kind_name + option.bounds,
        f"`{default}`" if default else "",
        " ".join(_meaning(option)),
    )
    return f"| {' | '.join(cells)} |\n"


def _meaning(option: Option) -> Iterator[str]:
    yield option.rule.meaning
    if option.rule.required:
        yield "Needed."
    if option.rule.form or option.rule.one_of:
        yield f"Form: {option.expected}."
    if option.rule.secret:
        yield "Secret."
    if option.rule.hidden:
        yield "Not shown by `show-config`."
