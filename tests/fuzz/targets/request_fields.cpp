#include <algorithm>

#include "api/accept_encoding.hpp"
#include "api/entity_tag.hpp"
#include "api/idempotency_key.hpp"
#include "core/origin.hpp"
#include "fuzz.hpp"

using namespace hatchery;

namespace {

api::front::Request with_fields(const char* name, std::string_view lines) {
    api::front::Request request;
    while (!lines.empty()) {
        request.fields.emplace_back(name, std::string(fuzz::take_line(lines)));
    }
    return request;
}

void check_if_match(std::string_view lines) {
    const auto request = with_fields("If-Match", lines);
    const auto wanted = api::read_if_match({.request = request});
    if (!wanted) return;
    const bool star = std::any_of(request.fields.begin(), request.fields.end(),
                                  [](const auto& field) { return field.second != "*"; });
    fuzz::must(wanted->any != star, "only * fits everything");
    for (const auto& tag : wanted->tags) {
        fuzz::must(tag.size() >= 2 && tag.ends_with('"'), "a tag is in quotes");
        fuzz::must(std::count(tag.begin(), tag.end(), '"') == 2, "a tag is one tag");
    }
    if (!wanted->any && wanted->fits(7)) {
        fuzz::must(lines.find("\"7\"") != std::string_view::npos, "what fits was asked for");
    }
}

void check_idempotency_key(std::string_view lines) {
    const auto request = with_fields("Idempotency-Key", lines);
    const auto key = api::read_idempotency_key(request);
    if (!key || !*key) return;
    fuzz::must(request.fields.size() == 1, "there is one key");
    fuzz::must(!(*key)->empty() && (*key)->size() <= 255, "a key has its length");
}

void check_origin(std::string_view text) {
    const auto wrong =
        core::check_origin("https://hatchery.example", {.origin = text, .fetch_site = {}});
    if (wrong) return;
    fuzz::must(text.size() <= std::string_view("https://hatchery.example:443").size(),
               "only our own origin is ours");
    fuzz::must(text.find('@') == std::string_view::npos, "nobody stands before our name");
}

void check_return_path(std::string_view text) {
    if (core::check_return_path(text)) return;
    fuzz::must(text.starts_with('/') && !text.starts_with("//") &&
                   text.find_first_of("\\\r\n") == std::string_view::npos,
               "a path stays on this site");
}

}  // namespace

/// The fields of a request that we take apart ourselves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    check_if_match(text);
    check_idempotency_key(text);
    check_origin(text);
    check_return_path(text);
    if (api::takes_coding(text, "gzip")) {
        fuzz::must(text.size() >= 4, "a coding is taken by its name");
    }
    return 0;
}
