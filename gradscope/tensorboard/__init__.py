"""What TensorBoard is told of a run, and the server's side of the Gradscope tab.

metadata    names and descriptions of a run's tags; protos: TensorBoard's message types
loader      what TensorBoard finds when it starts; imports next to nothing
plugin      the routes of http_api.md; parameters: of a request, checked; assets: static files
source      TensorBoard's data provider, for one request
listing     which runs there are and how far they are; sessions: what the start of a run says
board_run   one run, as `gradscope.run.Run` but through the data provider; tracks: its numbers
cache       what was decoded, within so many bytes
answers     a run as JSON-ready data, be it a board's or one on disk: pure, as are
binning     many steps in few columns
looking     where to look for a verdict
"""
