#include "fuzz.hpp"
#include "net/request_text.hpp"

using namespace hatchery;

/// The header lines of an answer, as libcurl hands them on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    ports::HttpResponse response;
    while (!text.empty()) net::add_header_line(response, fuzz::take_line(text));
    for (const auto& [name, value] : response.headers) {
        fuzz::must(!name.empty() && name.find(':') == std::string::npos, "a name is a name");
        for (const char c : name) fuzz::must(c < 'A' || c > 'Z', "names are in lower case");
        fuzz::must(value.find('\n') == std::string::npos, "a value is one line");
    }
    return 0;
}
