#include <algorithm>
#include <string>
#include <vector>

#include "api/front/request_reader.hpp"
#include "fuzz.hpp"

using namespace hatchery;
using api::front::RequestReader;

namespace {

/// What came out of the bytes: a text for each request, and at last whether they were refused.
std::vector<std::string> read_all(std::string_view bytes, std::size_t piece) {
    api::front::FrontOptions options;
    options.head_bytes = 2'000;
    options.body_bytes = 1'000;
    const auto reader = api::front::make_request_reader(options);
    std::vector<std::string> said;
    while (true) {
        auto step = reader->next();
        if (const auto* request = std::get_if<std::shared_ptr<api::front::Request>>(&step)) {
            fuzz::must((*request)->body.size() <= options.body_bytes, "a body within its limit");
            said.push_back((*request)->method + ' ' + (*request)->target + ' ' + (*request)->body);
        } else if (const auto* announced = std::get_if<RequestReader::Announced>(&step)) {
            fuzz::must(announced->body_bytes <= options.body_bytes, "no more than the limit");
        } else if (const auto* refusal = std::get_if<api::front::HeadRefusal>(&step)) {
            fuzz::must(refusal->status >= 400 && !refusal->reason.empty(), "a refusal says why");
            said.emplace_back("refused");
            return said;
        } else if (std::holds_alternative<RequestReader::NeedsBytes>(step)) {
            if (bytes.empty()) return said;
            const auto room = reader->room();
            fuzz::must(!room.empty(), "who wants bytes has room for them");
            const auto count = std::min({piece, bytes.size(), room.size()});
            std::copy_n(bytes.data(), count, room.data());
            reader->filled(count);
            bytes.remove_prefix(count);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::size_t piece = 1 + data[0] % 97U;
    const auto bytes = fuzz::text_of(data + 1, size - 1);
    fuzz::must(read_all(bytes, piece) == read_all(bytes, size),
               "the same requests, whatever the pieces they come in");
    return 0;
}
