#include <fmt/format.h>

#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"
#include "support/secret_in_memory.hpp"

using namespace hatchery;
using testing::FrontFixture;
using testing::RawClient;
using testing::RecordingHandler;
using testing::secret_text;
using testing::times_in_memory;

namespace {

std::string request_with(const std::string& text, bool chunked) {
    std::string body = text + text + text + text;
    const auto size = std::to_string(body.size());
    if (chunked) body = fmt::format("{:x}\r\n", body.size()) + body + "\r\n0\r\n\r\n";
    return "POST /" + text + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + text + "\r\n" +
           (chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + size) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE(
    "nothing of a request stays in memory once it is answered, on an open connection either") {
    FrontFixture fixture;
    std::size_t while_handled = 0;
    fixture.handler.keeps = false;
    fixture.handler.answer = [&](const auto&, const auto&) {
        while_handled = times_in_memory();
        return RecordingHandler::text("ok");
    };
    RawClient client(fixture.start());
    for (const bool chunked : {false, true}) {
        CAPTURE(chunked);
        // A function's first call is looked up, and the look-up leaves vector registers on the
        // stack: that shall be done when the secret comes.
        client.send(request_with(std::string(secret_text(10).size(), 'x'), chunked));
        REQUIRE(client.read_response().ends_with("ok"));
        const auto before = times_in_memory();
        client.send(request_with(secret_text(10), chunked));
        CHECK(client.read_response().ends_with("ok"));
        CHECK(while_handled >= before + 60);
        // The answer is out a moment before the thread that made it has put the request away.
        CHECK(testing::eventually([&] { return times_in_memory() == before; }));
    }
}
