const http = require("node:http");

const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`Hello from Node, release ${process.env.PAAS_RELEASE ?? "?"}\n`);
});

server.listen(process.env.PORT, () => console.log(`Listening on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
