#include "api/cookies.hpp"

#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const api::Cookies cookies("https://hatchery.example");
    api::front::Fields fields;
    while (!text.empty()) fields.emplace_back("Cookie", std::string(fuzz::take_line(text)));
    const auto found = cookies.find(fields, cookies.session());
    fuzz::must(!found || found->find(';') == std::string::npos, "a cookie ends at its semicolon");
    return 0;
}
