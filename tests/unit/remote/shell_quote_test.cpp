#include "remote/shell_quote.hpp"

#include <array>
#include <cstdio>
#include <string>

#include "support/catch.hpp"

namespace hatchery::remote {

namespace {

/// What a real shell makes of the word.
std::string read_by_sh(const std::string& word) {
    std::FILE* pipe = ::popen(("printf %s. " + word).c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        out.append(buffer.data(), got);
    }
    CHECK(::pclose(pipe) == 0);
    REQUIRE_FALSE(out.empty());
    out.pop_back();
    return out;
}

}  // namespace

TEST_CASE("plain words stay as they are, all others are quoted") {
    CHECK(shell_quote("/var/lib/hatchery/a-b_c.d") == "/var/lib/hatchery/a-b_c.d");
    CHECK(shell_quote("") == "''");
    CHECK(shell_quote("a b") == "'a b'");
    CHECK(shell_quote("it's") == "'it'\\''s'");
    CHECK(shell_quote("~") == "'~'");
}

TEST_CASE("a shell reads every quoted word as exactly its bytes") {
    std::string all;
    for (int byte = 1; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    const std::string words[] = {all,
                                 "$(touch /tmp/x)",
                                 "`id`",
                                 "a'b\"c\\d",
                                 "''",
                                 "-n",
                                 "a\nb\n",
                                 "*?[a-z]{1,2}",
                                 "~root",
                                 "#x",
                                 "!!",
                                 "a;b&c|d",
                                 "\xc3\xa4 \xf0\x9f\x90\xa3",
                                 " lead and trail "};
    for (const std::string& word : words) CHECK(read_by_sh(shell_quote(word)) == word);
}

}  // namespace hatchery::remote
