#include "remote/detached_run.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/encoding.hpp"
#include "remote/content_hash.hpp"
#include "remote/shell_quote.hpp"

namespace hatchery::remote {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using ports::LogLine;
using ports::RunOutput;
using ports::RunState;

constexpr std::string_view id_letters = "abcdefghijklmnopqrstuvwxyz0123456789-";

/// `install.sh` with this content becomes `install-0123456789abcdef.sh`.
std::string versioned_name(const base::EmbeddedFile& file) {
    std::string_view stem = file.name;
    if (const auto dot = stem.rfind('.'); dot != std::string_view::npos) stem = stem.substr(0, dot);
    return fmt::format("{}-{}.sh", stem, content_hash(file.content).substr(0, 16));
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// The value of ` key=value` in the line of state.
std::string_view field(std::string_view line, std::string_view key) {
    while (!line.empty()) {
        const auto end = line.find(' ');
        const std::string_view word = line.substr(0, end);
        if (word.size() > key.size() && word.substr(0, key.size()) == key &&
            word[key.size()] == '=') {
            return word.substr(key.size() + 1);
        }
        line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
    }
    return {};
}

std::optional<RunState> parse_state(std::string_view text) {
    if (text == "absent") return RunState::absent;
    if (text == "running") return RunState::running;
    if (text == "exited") return RunState::exited;
    if (text == "lost") return RunState::lost;
    return std::nullopt;
}

/// `EPOCH.MS`, exactly three digits after the point.
std::optional<base::TimePoint> parse_epoch(std::string_view text) {
    const auto point = text.find('.');
    if (point == std::string_view::npos || text.size() - point != 4) return std::nullopt;
    const auto seconds = parse_number<std::int64_t>(text.substr(0, point));
    const auto milliseconds = parse_number<unsigned>(text.substr(point + 1));
    if (!seconds || !milliseconds) return std::nullopt;
    return base::TimePoint{std::chrono::seconds{*seconds} +
                           std::chrono::milliseconds{*milliseconds}};
}

/// `STREAM EPOCH.MS TEXT`; a small letter marks a piece of a long line, shown as a line.
std::optional<LogLine> parse_line(std::string_view line) {
    const auto space = line.find(' ', 2);
    if (line.size() < 3 || line[1] != ' ' || space == std::string_view::npos) return std::nullopt;
    const bool out = line[0] == 'O' || line[0] == 'o';
    const bool err = line[0] == 'E' || line[0] == 'e';
    const auto at = parse_epoch(line.substr(2, space - 2));
    if ((!out && !err) || !at) return std::nullopt;
    return LogLine{.stream = out ? ports::LineStream::out : ports::LineStream::err,
                   .at = *at,
                   .text = base::to_utf8(line.substr(space + 1))};
}

tl::unexpected<base::Error> nonsense(std::string_view what) {
    return fail(ErrorKind::bad_response, fmt::format("the server's runner answered {}", what));
}

}  // namespace

Result<void> check_run_id(const std::string& run_id) {
    if (run_id.empty() || run_id.size() > 64 || run_id.front() == '-' ||
        run_id.find_first_not_of(id_letters) != std::string::npos) {
        return fail(ErrorKind::invalid, "a run id has 1 to 64 characters of a-z, 0-9 and -");
    }
    return {};
}

Result<base::Secret> environment_file(const std::map<std::string, std::string>& environment) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    std::string text;
    std::size_t size = 0;
    for (const auto& [name, value] : environment) size += name.size() + value.size() + 2;
    // In one piece, so that no outgrown copy with secrets stays behind in memory.
    text.reserve(size);
    for (const auto& [name, value] : environment) {
        if (name.empty() || name.find_first_not_of(letters) != std::string::npos ||
            (name.front() >= '0' && name.front() <= '9')) {
            return fail(ErrorKind::invalid,
                        fmt::format("`{}` is no name of an environment variable", name));
        }
        if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
            return fail(ErrorKind::invalid,
                        fmt::format("the value of {} holds a line end or a NUL", name));
        }
        text.append(name).append("=").append(value).append("\n");
    }
    return base::Secret(std::move(text));
}

StartCommand start_command(const std::string& state_dir, const std::string& run_id,
                           const base::EmbeddedFile& runner, const base::EmbeddedFile& script,
                           const base::Secret& environment, Carry carry) {
    const std::string dir = shell_quote(state_dir);
    const std::string runner_path = dir + "/scripts/" + shell_quote(versioned_name(runner));
    const std::string script_path = dir + "/scripts/" + shell_quote(versioned_name(script));
    const std::string environment_path = dir + "/start/" + run_id + ".env";
    // receive PATH BYTES: a file is whole or not there at all; a cut connection ends the input
    // early, and then nothing may start.
    std::string command =
        "umask 077\n"
        "receive() {\n"
        "  part=\"$1.part.$$\"\n"
        "  if head -c \"$2\" >\"$part\" && [ \"$(wc -c <\"$part\")\" -eq \"$2\" ] &&\n"
        "    mv -f \"$part\" \"$1\"; then return; fi\n"
        "  rm -f \"$part\"\n"
        "  exit 91\n"
        "}\n";
    std::string input;
    if (carry == Carry::scripts) {
        command += fmt::format("mkdir -p {0}/scripts {0}/start || exit 90\n", dir);
        command += fmt::format("receive {} {}\nreceive {} {}\n", runner_path, runner.content.size(),
                               script_path, script.content.size());
        input.reserve(runner.content.size() + script.content.size() + environment.reveal().size());
        input.append(runner.content).append(script.content);
    } else {
        command += fmt::format("[ -s {} ] && [ -s {} ] && [ -d {}/start ] || exit {}\n",
                               runner_path, script_path, dir, scripts_missing);
    }
    command += fmt::format("receive {} {}\n", environment_path, environment.reveal().size());
    command += fmt::format("exec /bin/bash {} start {} {} {}\n", runner_path, run_id, script_path,
                           environment_path);
    input.append(environment.reveal());
    return {std::move(command), base::Secret(std::move(input))};
}

std::string status_command(const std::string& state_dir, const std::string& run_id,
                           std::uint64_t offset, std::size_t max_bytes,
                           base::Milliseconds patience) {
    return fmt::format(
        "r={}/runs/{}/supervisor\n"
        "if [ -s \"$r\" ]; then exec /bin/bash \"$r\" status {} {} {} {}; fi\n"
        "echo 'state=absent exit=- size=0 next={} started=- ended=-'\n",
        shell_quote(state_dir), run_id, run_id, offset, max_bytes, patience.count(), offset);
}

std::string stop_command(const std::string& state_dir, const std::string& run_id) {
    return fmt::format(
        "r={}/runs/{}/supervisor\n"
        "if [ -s \"$r\" ]; then exec /bin/bash \"$r\" stop {}; fi\n",
        shell_quote(state_dir), run_id, run_id);
}

Result<RunState> parse_start(std::string_view text) {
    const auto state = parse_state(text.substr(0, text.find_first_of(" \n")));
    if (!state || *state == RunState::absent) return nonsense("no state to a start");
    return *state;
}

Result<RunOutput> parse_status(std::string_view text, std::uint64_t offset) {
    const auto head_end = text.find('\n');
    if (head_end == std::string_view::npos) return nonsense("without a line of state");
    const std::string_view head = text.substr(0, head_end);
    std::string_view log = text.substr(head_end + 1);
    const auto state = parse_state(field(head, "state"));
    const auto next = parse_number<std::uint64_t>(field(head, "next"));
    const auto size = parse_number<std::uint64_t>(field(head, "size"));
    if (!state || !next || !size) return nonsense("a malformed line of state");
    if (*next < offset || *next - offset != log.size()) {
        return nonsense("another number of bytes than it announced");
    }
    RunOutput output{.state = *state,
                     .exit_code = parse_number<int>(field(head, "exit")),
                     .lines = {},
                     .next_offset = *next,
                     .more = *next < *size};
    if (output.state == RunState::exited && !output.exit_code) {
        return nonsense("an end without an exit code");
    }
    while (!log.empty()) {
        const auto end = log.find('\n');
        if (end == std::string_view::npos) return nonsense("half a log line");
        auto line = parse_line(log.substr(0, end));
        if (!line) return nonsense("a malformed log line");
        output.lines.push_back(std::move(*line));
        log.remove_prefix(end + 1);
    }
    return output;
}

}  // namespace hatchery::remote
