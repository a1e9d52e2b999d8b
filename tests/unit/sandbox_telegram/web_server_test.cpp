#include "sandbox/web/web_server.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "support/catch.hpp"

using namespace hatchery::sandbox;

namespace {

WebResponse echo(const WebRequest& request) {
    WebResponse response;
    response.content_type = "text/plain";
    response.body =
        request.method + " " + request.path + " " + request.param("q") + " " + request.body;
    for (const auto& [name, part] : request.parts) {
        response.body += "[" + name + "=" + part.filename + ":" + part.content + "]";
    }
    response.drop_connection = request.path == "/drop";
    return response;
}

struct ServerFixture {
    WebServer server{{.max_connections = 8, .max_body_bytes = 1000}, echo};
    std::unique_ptr<httplib::Client> client;

    ServerFixture() {
        std::string error;
        REQUIRE(server.start("127.0.0.1", 0, error));
        client = std::make_unique<httplib::Client>("127.0.0.1", server.port());
    }

    /// What the server sends back for these bytes until it closes the connection.
    [[nodiscard]] std::string exchange(const std::string& bytes) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(server.port()));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        REQUIRE(::send(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
        std::string got;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
            got.append(buffer, static_cast<std::size_t>(n));
        }
        ::close(fd);
        return got;
    }
};

}  // namespace

TEST_CASE("requests of every form reach the handler") {
    const ServerFixture f;
    CHECK(f.client->Get("/a?q=x%20y")->body == "GET /a x y ");
    CHECK(f.client->Post("/b", "text", "text/plain")->body == "POST /b  text");
    CHECK(f.client->Put("/c", "{}", "application/json")->body == "PUT /c  {}");
    CHECK(f.client->Post("/d")->body == "POST /d  ");
    const httplib::MultipartFormDataItems items{{"field", "value", "", ""},
                                                {"file", "bytes", "a.txt", "text/plain"}};
    CHECK(f.client->Post("/e", items)->body == "POST /e  [field=:value][file=a.txt:bytes]");
}

TEST_CASE("a connection serves many requests") {
    ServerFixture f;
    f.client->set_keep_alive(true);
    for (int i = 0; i < 50; ++i) REQUIRE(f.client->Get("/again"));
}

TEST_CASE("a POST without length has no body and does not hang") {
    const ServerFixture f;
    const auto answer = f.exchange("POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 200"));
}

TEST_CASE("the body of a GET is never taken for a request") {
    const ServerFixture f;
    const auto answer = f.exchange(
        "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /smuggled "
        "HTTP/1.1\r\n\r\n....");
    CHECK(answer.find("smuggled") == std::string::npos);
}

TEST_CASE("bodies over the limit are refused, chunked ones too") {
    const ServerFixture f;
    const auto answer = f.client->Post("/x", std::string(1001, 'x'), "text/plain");
    CHECK((!answer || answer->status == 413));
    const auto chunked = f.exchange(
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "7d0\r\n" +
        std::string(2000, 'x') + "\r\n0\r\n\r\n");
    CHECK(chunked.starts_with("HTTP/1.1 413"));
}

TEST_CASE("a dropped connection gets no byte") {
    const ServerFixture f;
    CHECK(f.exchange("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n").empty());
}

TEST_CASE("stop ends idle connections at once") {
    ServerFixture f;
    f.client->set_keep_alive(true);
    REQUIRE(f.client->Get("/a"));
    const auto begun = std::chrono::steady_clock::now();
    f.server.stop();
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(2));
    f.server.stop();
}

TEST_CASE("an address in use is told in a sentence") {
    const ServerFixture f;
    WebServer second{{}, echo};
    std::string error;
    CHECK_FALSE(second.start("127.0.0.1", f.server.port(), error));
    CHECK(error.find("Address already in use") != std::string::npos);
}

TEST_CASE("form text is decoded") {
    const auto form = parse_form("a=1+2&b=%C3%A4&c&=x&d=%zz&");
    CHECK(form.find("a")->second == "1 2");
    CHECK(form.find("b")->second == "\u00e4");
    CHECK(form.find("c")->second.empty());
    CHECK(form.find("d")->second == "%zz");
}
