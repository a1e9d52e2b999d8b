#include "config/dotenv.hpp"

#include "support/catch.hpp"

using hatchery::config::DotEnv;
using hatchery::config::parse_dotenv;

TEST_CASE("a line of .env gives the value that a person would expect") {
    struct Row {
        const char* line;
        const char* value;
    };
    const Row rows[] = {
        {"NAME=value", "value"},
        {"  NAME = value  ", "value"},
        {"export NAME=value", "value"},
        {"NAME=", ""},
        {"NAME=a b c", "a b c"},
        {"NAME=a=b", "a=b"},
        {"NAME=value # why", "value"},
        {"NAME=pass#word", "pass#word"},
        {"NAME=\"a # b\" # why", "a # b"},
        {"NAME=\"a\\nb\\t\\\"c\\\" \\\\ \\$\"", "a\nb\t\"c\" \\ $"},
        {"NAME='a\\nb \"c\"'", "a\\nb \"c\""},
        {"NAME=$HOME `date` $(date)", "$HOME `date` $(date)"},
        {"NAME=\"${OTHER}\"", "${OTHER}"},
        {"NAME=value\r", "value"},
        {"\xEF\xBB\xBFNAME=value", "value"},
        {"# comment\n\nNAME=value", "value"},
        {"NAME=first\nNAME=second", "second"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.line);
        const DotEnv read = parse_dotenv(row.line);
        CHECK(read.problems.empty());
        REQUIRE(read.values.count("NAME") == 1);
        CHECK(read.values.at("NAME") == row.value);
    }
}

TEST_CASE("a wrong line of .env is named by its number and does not hide the others") {
    const DotEnv read = parse_dotenv("A=1\nnonsense\nB='open\n2C=3\nD=\"x\" y\nE=5");
    CHECK(read.values == std::map<std::string, std::string>{{"A", "1"}, {"E", "5"}});
    REQUIRE(read.problems.size() == 4);
    CHECK(read.problems[0].where == ".env line 2");
    CHECK(read.problems[1].where == ".env line 3");
    CHECK(read.problems[2].where == ".env line 4");
    CHECK(read.problems[3].where == ".env line 5");
}

TEST_CASE("a line of .env with a NUL byte is no line") {
    const auto read = parse_dotenv(std::string_view("A=1\0\nB=2\n", 9));
    CHECK(read.values == std::map<std::string, std::string>{{"B", "2"}});
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].where == ".env line 1");
}

TEST_CASE("no value of .env is repeated in a problem") {
    const DotEnv read = parse_dotenv("DATABASE_URL='hunter2\nhunter2");
    for (const auto& problem : read.problems) {
        CHECK(problem.message.find("hunter2") == std::string::npos);
    }
}
