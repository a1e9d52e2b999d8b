#include "provider_calls.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"

using namespace hatchery;

/// Whole answers, with their statuses and headers, to every call that we make.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    fuzz::ask_everything(text, [](ports::HttpTransport& http, const base::Clock& clock) {
        return providers::make_digitalocean_provider(
            {.base_url = "https://api.example", .token = base::Secret("t")}, http, clock);
    });
    return 0;
}
