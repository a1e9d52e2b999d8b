#include "api/front/request_head.hpp"

#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const auto read = api::front::read_head(text, {});
    const auto* head = std::get_if<api::front::RequestHead>(&read);
    if (head == nullptr) return 0;
    fuzz::must(!api::front::target_problem(head->target), "an accepted target has no problem");
    fuzz::must(!(head->chunked && head->content_length), "one framing only");
    fuzz::must(head->fields.size() <= api::front::HeadLimits{}.fields, "fields within the limit");
    int lengths = 0;
    for (const auto& [name, value] : head->fields) {
        fuzz::must(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos,
                   "a field's name is a token");
        fuzz::must(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                   "a field's value is one line");
        if (api::front::same_token(name, "Content-Length")) ++lengths;
    }
    fuzz::must(lengths == (head->content_length ? 1 : 0), "one length, and that one is read");
    return 0;
}
