"""What both programs' command lines have in common."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from homechart_common.command_line import CommandLine
from homechart_common.errors import StartupError
from homechart_common.version import VERSION


@pytest.fixture
def commands() -> CommandLine:
    return CommandLine("homechart-test", "Tests the command line.")


def test_show_config_prints_yaml_with_secrets_masked(commands, capsys):
    assert commands.run(["-x", "app_port=81,smtp_password=hunter2", "show-config"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["app"]["port"] == 81
    assert shown["smtp"]["password"] == "********"
    assert shown["smtp"]["noEmailDomains"] == ["example.com"]


def test_show_config_prints_json_on_request(commands, capsys):
    assert commands.run(["-j", "-d", "-n", "show-config"]) == 0
    assert json.loads(capsys.readouterr().out)["cli"] == {"debug": True, "noColor": True, "outputJSON": True}


def test_keys_for_web_push_are_printed_as_the_options_take_them(commands, capsys):
    printed = []
    for flags, read in (([], yaml.safe_load), (["-j"], json.loads)):
        assert commands.run([*flags, "generate-vapid"]) == 0
        printed.append(read(capsys.readouterr().out))
    for pair in printed:
        assert list(pair) == ["privateKey", "publicKey"]
        options = f"webpush_vapidprivatekey={pair['privateKey']},webpush_vapidpublickey={pair['publicKey']}"
        assert commands.run(["-x", options, "version"]) == 0
    assert printed[0] != printed[1]


def test_version_prints_version_and_build_date(commands, capsys):
    assert commands.run(["version"]) == 0
    version, date = capsys.readouterr().out.splitlines()
    assert version == VERSION
    assert date.endswith("Z")


def test_a_command_gets_the_configuration_and_its_arguments(commands, tmp_path):
    seen = []
    parser = commands.add("greet", "Greet somebody.", lambda config, given: seen.append((config, given.name)))
    parser.add_argument("name")
    (tmp_path / "a.yaml").write_text("app: {motd: hello}")
    assert commands.run(["-c", str(tmp_path), "-x", "app_port=5", "-x", "app_port=6", "greet", "jane"]) == 0
    [(config, name)] = seen
    assert (config.app.motd, config.app.port, name) == ("hello", 6, "jane")


@pytest.mark.parametrize("arguments", [[], ["dance"], ["-q", "version"]])
def test_wrong_usage_prints_the_usage_and_ends_with_1(commands, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        commands.run(arguments)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("usage: homechart-test")


def test_a_wrong_configuration_is_one_line_and_1(commands, capsys):
    assert commands.run(["-x", "app_port=x", "version"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("homechart-test: app.port (from -x app_port): expected")
    assert err.count("\n") == 1


def test_a_command_that_cannot_work_is_one_line_and_1(commands, capsys):
    def fail(*_):
        raise StartupError("port 3000 is in use")

    commands.add("run", "Serve.", fail)
    assert commands.run(["run"]) == 1
    assert capsys.readouterr().err == "homechart-test: port 3000 is in use\n"


def test_options_without_effect_are_named(commands, capsys):
    assert commands.run(["-x", "app_trialdays=3", "version"]) == 0
    assert "app.trialDays (from -x app_trialdays) has no effect" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_one_line_and_1(commands, capsys, tmp_path):
    commands.add_docs(lambda: {"page.md": "# Page\n"})
    assert commands.run(["docs", str(tmp_path / "nowhere")]) == 1
    assert (
        capsys.readouterr().err == f"homechart-test: {tmp_path}/nowhere/page.md: No such file or directory\n"
    )


def test_the_reference_says_what_one_may_leave_out(commands):
    parser = commands.add("greet", "Greet somebody.", lambda *_: None)
    parser.add_argument("name")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--times", metavar="number")
    assert "\n| `greet name [file] [--times number]` | Greet somebody. |\n" in commands.reference()


def test_a_reader_who_has_enough_is_no_failure():
    shown = subprocess.run(
        f"{sys.executable} -m homechart_worker show-config | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="bash",
        capture_output=True,
        check=False,
        # not only what is left to write at the end
        env={"PYTHONUNBUFFERED": "1"},
    )
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, b"app:\n", b"")


def test_the_help_says_what_each_command_does(commands, capsys):
    with pytest.raises(SystemExit) as ended:
        commands.run(["-h"])
    assert ended.value.code == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["version", "Print the version and the date of this build."] in lines
    assert ["command"] not in lines
