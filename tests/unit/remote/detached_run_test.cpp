#include "remote/detached_run.hpp"

#include <string>

#include "support/catch.hpp"

namespace hatchery::remote {

namespace {

using base::ErrorKind;
using ports::RunState;

std::string status_text(const std::string& log, std::uint64_t offset, std::uint64_t size,
                        const std::string& state = "running", const std::string& exit = "-") {
    return "state=" + state + " exit=" + exit + " size=" + std::to_string(size) +
           " next=" + std::to_string(offset + log.size()) + " started=1763704512.042 ended=-\n" +
           log;
}

const std::string two_lines =
    "O 1763704512.042 hello  world \n"
    "E 1763704513.900 \n";

}  // namespace

TEST_CASE("a status is read into lines with stream, time and exact text") {
    const auto output = parse_status(status_text(two_lines, 100, 100 + two_lines.size()), 100);
    REQUIRE(output.has_value());
    CHECK(output->state == RunState::running);
    CHECK_FALSE(output->exit_code.has_value());
    CHECK(output->next_offset == 100 + two_lines.size());
    CHECK_FALSE(output->more);
    REQUIRE(output->lines.size() == 2);
    CHECK(output->lines[0].stream == ports::LineStream::out);
    CHECK(output->lines[0].text == "hello  world ");
    CHECK(output->lines[0].at == base::TimePoint{std::chrono::milliseconds{1'763'704'512'042}});
    CHECK(output->lines[1].stream == ports::LineStream::err);
    CHECK(output->lines[1].text.empty());
}

TEST_CASE("there is more when the log is longer than what was read") {
    CHECK(parse_status(status_text(two_lines, 0, 5'000), 0)->more);
}

TEST_CASE("pieces of a long line are lines of the same stream") {
    const auto output = parse_status(
        status_text("o 1763704512.042 begin\ne 1763704512.042 mid\nO 1763704512.043 end\n", 0, 1),
        0);
    REQUIRE(output.has_value());
    REQUIRE(output->lines.size() == 3);
    CHECK(output->lines[0].stream == ports::LineStream::out);
    CHECK(output->lines[1].stream == ports::LineStream::err);
}

TEST_CASE("every state is read, and an end has its exit code") {
    CHECK(parse_status(status_text("", 0, 0, "absent"), 0)->state == RunState::absent);
    CHECK(parse_status(status_text("", 0, 0, "lost"), 0)->state == RunState::lost);
    const auto ended = parse_status(status_text("", 7, 7, "exited", "137"), 7);
    CHECK(ended->state == RunState::exited);
    CHECK(ended->exit_code == 137);
    CHECK(parse_start("running\n").value() == RunState::running);
    CHECK(parse_start("exited 3\n").value() == RunState::exited);
    CHECK(parse_start("lost\n").value() == RunState::lost);
}

TEST_CASE("an answer that does not add up is refused") {
    const std::string cases[] = {
        "",
        "no line end",
        "bash: python3: not found\n",
        status_text("", 0, 0, "sleeping"),
        status_text("", 0, 0, "exited"),
        status_text("O 1763704512.042 half a line", 0, 100),
        status_text("X 1763704512.042 text\n", 0, 100),
        status_text("O 1763704512.42 text\n", 0, 100),
        status_text("O text\n", 0, 100),
        status_text("O\n", 0, 100),
        status_text(two_lines, 0, 100) + "O 1763704512.042 one too many\n",
        status_text(two_lines, 5, 100),
        "state=running exit=- size=x next=0 started=- ended=-\n",
        "state=running exit=- size=0 next=-1 started=- ended=-\n",
    };
    for (const std::string& text : cases) {
        INFO(text);
        const auto output = parse_status(text, 0);
        REQUIRE_FALSE(output.has_value());
        CHECK(output.error().kind == ErrorKind::bad_response);
    }
    CHECK_FALSE(parse_start("").has_value());
    CHECK_FALSE(parse_start("absent\n").has_value());
}

TEST_CASE("text that is no UTF-8 is mended") {
    const auto output = parse_status(status_text("O 1763704512.042 a\xff"
                                                 "b\n",
                                                 0, 100),
                                     0);
    REQUIRE(output.has_value());
    CHECK(output->lines.front().text ==
          "a\xef\xbf\xbd"
          "b");
}

TEST_CASE("an environment is written as raw lines, and what these cannot hold is refused") {
    CHECK(environment_file({{"A", "x=y z"}, {"B_2", ""}})->reveal() == "A=x=y z\nB_2=\n");
    const std::map<std::string, std::string> refused[] = {
        {{"", "x"}},         {{"A-B", "x"}},      {{"1A", "x"}},
        {{"A", "se\ncret"}}, {{"A", "se\rcret"}}, {{"A", std::string("se\0cret", 7)}}};
    for (const auto& environment : refused) {
        const auto text = environment_file(environment);
        REQUIRE_FALSE(text.has_value());
        CHECK(text.error().kind == ErrorKind::invalid);
        CHECK(text.error().message.find("cret") == std::string::npos);
    }
}

TEST_CASE("a start holds neither environment nor script in the command, and names follow content") {
    const base::EmbeddedFile runner{"run_detached.sh", "runner content"};
    const base::EmbeddedFile script{"install.sh", "script content"};
    const base::EmbeddedFile changed{"install.sh", "script content, changed"};
    const base::Secret environment("TOKEN=secret\n");
    const auto full =
        start_command("/var/lib/hatchery", "job-1", runner, script, environment, Carry::scripts);
    CHECK(full.command.find("secret") == std::string::npos);
    CHECK(full.input.reveal() == "runner contentscript contentTOKEN=secret\n");
    const auto small = start_command("/var/lib/hatchery", "job-1", runner, script, environment,
                                     Carry::environment_only);
    CHECK(small.input.reveal() == "TOKEN=secret\n");
    const auto other = start_command("/var/lib/hatchery", "job-1", runner, changed, environment,
                                     Carry::environment_only);
    CHECK(small.command != other.command);
}

}  // namespace hatchery::remote
