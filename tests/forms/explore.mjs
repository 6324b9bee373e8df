import { chromium } from "playwright-core";
const args=["--headless","--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"];
const b=await chromium.launch({executablePath:process.env.CHROMIUM,args});
const p=await b.newPage({viewport:{width:900,height:1000}});
p.on("console",m=>console.log("console",m.type(),m.text().slice(0,300)));
p.on("pageerror",e=>console.log("pageerror",String(e).slice(0,300)));
await p.goto(process.env.FORMS);
const ids=process.argv.slice(2);
for(const lib of ["rjsf","vanilla","material"]) for(const id of ids){
  const ex=await (await fetch(`${process.env.FORMS}/example/${id}`)).json();
  for(const [what,inp] of [["empty",{}],["example",ex]]){
    const {drawn}=await p.evaluate(([l,i,x])=>window.draw(l,i,x),[lib,id,inp]);
    await p.waitForSelector(`[data-drawn="${drawn}"]`);
    await p.waitForTimeout(150);
    await p.getByRole("button",{name:"Submit"}).click();
    await p.waitForTimeout(300);
    const a=await p.evaluate(()=>window.answers);
    console.log(lib,id,what,JSON.stringify(a).slice(0,700));
    await p.screenshot({path:`/tmp/w/shots/${lib}-${id}-${what}.png`,fullPage:true});
  }
}
await b.close();
