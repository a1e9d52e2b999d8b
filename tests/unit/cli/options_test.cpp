#include "cli/options.hpp"

#include "support/catch.hpp"

using namespace hatchery::cli;

namespace {

const std::vector<OptionSpec> specs = {
    {.name = "wait", .help = "flag"},
    {.name = "follow", .letter = 'f', .help = "flag"},
    {.name = "name", .letter = 'n', .value = "NAME", .help = "value"},
    {.name = "allow", .value = "ID", .help = "several", .repeatable = true},
    {.name = "help", .letter = 'h', .help = "help"},
};
const std::vector<OperandSpec> operands = {{.name = "BOT"}, {.name = "MORE", .required = false}};

hatchery::base::Result<Options> parse(const std::vector<std::string>& words) {
    return parse_options(words, specs, operands);
}

}  // namespace

TEST_CASE("options and operands are read in any order") {
    const auto read = parse({"--wait", "bot", "--name", "a b", "--allow=1", "-f", "--allow", "2"});
    REQUIRE(read);
    CHECK(read->has("wait"));
    CHECK(read->has("follow"));
    CHECK(read->value("name") == "a b");
    CHECK(read->values("allow") == std::vector<std::string>{"1", "2"});
    CHECK(read->operand(0) == "bot");
    CHECK(read->operand(1).empty());
}

TEST_CASE("a value may be empty, look like an option, or hold an equals sign") {
    CHECK(parse({"bot", "--name="})->value("name") == "");
    CHECK(parse({"bot", "--name", "--wait"})->value("name") == "--wait");
    CHECK(parse({"bot", "--name=a=b"})->value("name") == "a=b");
    CHECK(parse({"bot", "-n", "x"})->value("name") == "x");
}

TEST_CASE("after two dashes every word is an operand") {
    const auto read = parse({"--", "--wait", "-f"});
    REQUIRE(read);
    CHECK(read->operand(0) == "--wait");
    CHECK(read->operand(1) == "-f");
}

TEST_CASE("a wrong command line is refused naming the word") {
    struct Row {
        std::vector<std::string> words;
        const char* message;
    };
    const Row rows[] = {
        {{"bot", "--nmae", "x"}, "unknown option --nmae"},
        {{"bot", "--secret=hunter2"}, "unknown option --secret"},
        {{"bot", "-x"}, "unknown option -x"},
        {{"bot", "-fx"}, "unknown option -fx"},
        {{"bot", "--wait=yes"}, "--wait takes no value"},
        {{"bot", "--name"}, "--name needs a value: NAME"},
        {{"bot", "--name", "a", "--name", "b"}, "--name is given twice"},
        {{}, "BOT is missing"},
        {{"a", "b", "c"}, "unexpected word 'c'"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.message);
        const auto read = parse(row.words);
        REQUIRE_FALSE(read);
        CHECK(read.error().message == row.message);
    }
}

TEST_CASE("with help nothing may be missing") { CHECK(parse({"--help"})->has("help")); }
