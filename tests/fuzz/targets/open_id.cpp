#include "api/sign_in/open_id_client.hpp"
#include "scripted_transport.hpp"

using namespace hatchery;

namespace {

void check_sign_in(std::string_view answers, const std::string& issuer) {
    fuzz::ScriptedTransport http(answers);
    fuzz::StillClock clock;
    const auto client = api::sign_in::make_open_id_client(
        {.issuer_url = issuer,
         .client_id = "hatchery",
         .client_secret = base::Secret("s"),
         .redirect_url = "https://hatchery.example/api/auth/callback/google"},
        http, clock);
    const auto call = base::Call::within(std::chrono::seconds(5));
    const auto url = client->authorization_url({.state = "s", .nonce = "n", .verifier = "v"}, call);
    if (url) {
        fuzz::must(url->starts_with("http"), "a browser is sent to a page");
        fuzz::must(url->find_first_of(std::string_view("\r\n\t \0", 5)) == std::string::npos,
                   "an address is one word");
    }
    const auto who = client->redeem({.code = "c", .verifier = "v", .nonce = "n"}, call);
    if (who) fuzz::must(!who->subject.empty(), "somebody signed in");
}

}  // namespace

/// Discovery, token and keys, in this order, as the issuer answers them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    check_sign_in(text, "https://issuer.example");
    check_sign_in(text, "http://127.0.0.1:1");
    return 0;
}
