#include "core/validate.hpp"

#include "support/catch.hpp"

namespace core = hatchery::core;
using Check = core::Wrong (*)(std::string_view);

namespace {

void check_table(Check check, std::initializer_list<std::string> right,
                 std::initializer_list<std::string> wrong) {
    for (const auto& text : right) {
        INFO("right: " << text);
        CHECK_FALSE(check(text));
    }
    for (const auto& text : wrong) {
        INFO("wrong: " << text);
        CHECK(check(text));
    }
}

std::string repeat(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

}  // namespace

TEST_CASE("bot names are 1 to 64 characters of any script without control characters") {
    check_table(
        core::check_bot_name, {"a", "My bot", "Бот", "机器人 2", repeat("é", 64), " padded "},
        {"", "   ", repeat("a", 65), repeat("é", 65), "a\nb", "a\tb", std::string("a\0b", 3),
         "a\x7f", "a\xc2\x85", "a\xe2\x80\xa8", "\xff\xfe", "a\xc3"});
}

TEST_CASE("Telegram tokens have the shape that BotFather gives") {
    const std::string tail = "AAF-abcdefghijklmnopqrstuvwxyz_0123";
    check_table(core::check_telegram_token,
                {"123456789:" + tail, "100000:" + repeat("a", 30), "1234567:" + repeat("a", 64)},
                {"", "token", ":" + tail, "0123456:" + tail, "12345:" + tail,
                 "123456789012345678:" + tail, "123456789:" + repeat("a", 29),
                 "123456789:" + repeat("a", 65), "123456789:" + tail + "!", "12345678x:" + tail,
                 " 123456789:" + tail, "123456789:" + tail + "\n", "123456789:" + tail + ":x"});
}

TEST_CASE("base URLs are plain http or https without credentials") {
    check_table(core::check_model_base_url,
                {"https://models.example", "https://models.example/v1", "http://127.0.0.1:8080/v1",
                 "http://[::1]:8080/v1", "https://a-b.c_d.example:443/x/y/"},
                {"",
                 "models.example",
                 "ftp://a",
                 "https://",
                 "https:///v1",
                 "https://u:p@a/v1",
                 "https://u@a/v1",
                 "https://a/v1?x=y",
                 "https://a/v1#f",
                 "https://a b",
                 "https://a:0/",
                 "https://a:99999/",
                 "https://a:x/",
                 "https://a/${KEY}",
                 "https://a\\b",
                 "https://.a",
                 "https://a..b",
                 "javascript:alert(1)",
                 "https://a/\n",
                 "https://[::1",
                 "https://[x]/",
                 "HTTPS://" + repeat("a", 10),
                 "https://a/" + repeat("b", 2048)});
}

TEST_CASE("model keys are printable and without blanks") {
    check_table(core::check_model_api_key, {"sk-abc", repeat("k", 512), "a$b\"c\\d"},
                {"", repeat("k", 513), "a b", "a\n", "a\tb", "ключ", std::string("a\0b", 3)});
}

TEST_CASE("words of providers are lower case") {
    check_table(core::check_provider_word, {"hetzner", "fsn1", "cx23", "s-1vcpu-1gb", "nyc3"},
                {"", "FSN1", "a b", "-a", "a/b", "a\"b", "ü", repeat("a", 65)});
}

TEST_CASE("ids, cursors and user ids have their forms") {
    check_table(core::check_uuid, {"019a0000-0000-7000-8000-000000000000"},
                {"", "1", "019a0000-0000-7000-8000-00000000000", "' OR 1=1 --",
                 "019a0000-0000-7000-8000-00000000000g"});
    check_table(core::check_cursor, {"abc-DEF_1.2:3=", "9"},
                {"", "a b", "a'b", repeat("a", 201), "a\n"});
    for (const std::int64_t id : {std::int64_t{1}, (std::int64_t{1} << 52) - 1}) {
        CHECK_FALSE(core::check_telegram_user_id(id));
    }
    for (const std::int64_t id : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 52}) {
        CHECK(core::check_telegram_user_id(id));
    }
}

TEST_CASE("numbers in queries are digits within their limits") {
    CHECK(core::read_whole_number("1", 1, 200) == 1);
    CHECK(core::read_whole_number("200", 1, 200) == 200);
    for (const char* text : {"", "0", "201", "-1", "+1", "1.0", "1e2", " 1", "1 ", "abc", "0x10",
                             "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(core::read_whole_number(text, 1, 200));
    }
}

TEST_CASE("a model is an alias or provider/model that somebody has a key for") {
    const core::ModelCatalog catalog{
        .aliases = {{"claude-opus", "anthropic/claude-opus-5"}, {"gpt-5", "openai/gpt-5.6"}},
        .operator_keys = {{"anthropic", true}, {"openai", false}}};
    const auto resolve = [&](std::string model, bool own_key, bool base_url) {
        const auto resolved = core::resolve_model(
            catalog, {.model = std::move(model), .has_own_key = own_key, .has_base_url = base_url});
        return resolved ? *resolved : "! " + resolved.error().message;
    };
    CHECK(resolve("claude-opus", false, false) == "anthropic/claude-opus-5");
    CHECK(resolve("anthropic/claude-x", false, false) == "anthropic/claude-x");
    CHECK(resolve("gpt-5", true, false) == "openai/gpt-5.6");
    CHECK(resolve("openrouter/a/b:free", true, true) == "openrouter/a/b:free");
    CHECK(resolve("sandbox/x", false, true) == "sandbox/x");
    CHECK(resolve("gpt-5", false, false).find("no key of openai") != std::string::npos);
    CHECK(resolve("mistral/large", true, false).find("modelBaseUrl") != std::string::npos);
    for (const char* model : {"", "claude", "/x", "x/", "a b/c", "anthropic/../x y", "anthropic/",
                              "anthropic/${KEY}", "anthropic/a//b", "ä/b", "anthropic/a\nb"}) {
        INFO(model);
        CHECK(resolve(model, true, true).starts_with("! "));
    }
    CHECK(resolve("anthropic/" + std::string(300, 'a'), true, true).starts_with("! "));
}
